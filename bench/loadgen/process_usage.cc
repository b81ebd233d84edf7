#include "bench/loadgen/process_usage.h"

#include <dirent.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "bench/loadgen/system.h"

namespace mr::bench {

namespace {

constexpr int ancestors_max = 64;

// The names in a directory that are numbers.
std::vector<int> numbered_entries(const std::string& folder) {
  std::vector<int> numbers;
  const std::unique_ptr<DIR, decltype(&closedir)> directory(opendir(folder.c_str()), &closedir);
  if (directory == nullptr) return numbers;
  while (const dirent* entry = readdir(directory.get())) {
    if (const int number = std::atoi(entry->d_name); number > 0) numbers.push_back(number);
  }
  return numbers;
}

std::string proc_file(int process_id, std::string_view name) {
  return read_small_file("/proc/" + std::to_string(process_id) + "/" + std::string(name));
}

struct Stat {
  std::string program;
  int parent = 0;
  double user_seconds = 0;  // with those of children that were waited for
  double system_seconds = 0;
};

bool read_stat(int process_id, Stat& stat) {
  const std::string text = proc_file(process_id, "stat");
  const size_t open = text.find('(');
  const size_t close = text.rfind(')');  // the name may hold anything
  if (open == std::string::npos || close == std::string::npos) return false;
  unsigned long user = 0;
  unsigned long system = 0;
  long children_user = 0;
  long children_system = 0;
  const int read = std::sscanf(text.c_str() + close + 2,
                               "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld",
                               &stat.parent, &user, &system, &children_user, &children_system);
  if (read != 5) return false;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  stat.program = text.substr(open + 1, close - open - 1);
  stat.user_seconds = static_cast<double>(user + static_cast<unsigned long>(children_user)) / ticks;
  stat.system_seconds =
      static_cast<double>(system + static_cast<unsigned long>(children_system)) / ticks;
  return true;
}

// The number that follows `key` at the beginning of a line.
uint64_t field(const std::string& text, const std::string& key) {
  const size_t at = text.starts_with(key) ? 0 : text.find("\n" + key);
  if (at == std::string::npos) return 0;
  return std::strtoull(text.c_str() + text.find(':', at) + 1, nullptr, 10);
}

// `millrace process ROLE …` is named by its role, everything else by its program.
std::string role_of(int process_id, const std::string& program) {
  const std::string command = proc_file(process_id, "cmdline");
  constexpr std::string_view marker("\0process\0", 9);
  const size_t at = command.find(marker);
  if (at == std::string::npos) return program;
  return command.c_str() + at + marker.size();
}

void add_process(int process_id, const Stat& stat, TreeUsage& usage) {
  usage.user_seconds += stat.user_seconds;
  usage.system_seconds += stat.system_seconds;
  usage.cpu_by_role[role_of(process_id, stat.program)] += stat.user_seconds + stat.system_seconds;
  const std::string memory = proc_file(process_id, "smaps_rollup");
  usage.proportional_mib += static_cast<double>(field(memory, "Pss:")) / 1024;
  usage.resident_mib += static_cast<double>(field(memory, "Rss:")) / 1024;
  usage.written_bytes += field(proc_file(process_id, "io"), "write_bytes:");
  for (const int thread : numbered_entries("/proc/" + std::to_string(process_id) + "/task")) {
    const std::string status = proc_file(process_id, "task/" + std::to_string(thread) + "/status");
    usage.context_switches +=
        field(status, "voluntary_ctxt_switches:") + field(status, "nonvoluntary_ctxt_switches:");
  }
}

}  // namespace

TreeUsage usage_of_tree(int process_id) {
  std::map<int, Stat> all;
  for (const int id : numbered_entries("/proc")) {
    Stat stat;
    if (read_stat(id, stat)) all[id] = stat;
  }
  TreeUsage usage;
  for (const auto& [id, stat] : all) {
    int ancestor = id;
    for (int i = 0; i < ancestors_max && ancestor != process_id && ancestor > 1; ++i) {
      const auto found = all.find(ancestor);
      ancestor = found == all.end() ? 0 : found->second.parent;
    }
    if (ancestor == process_id) add_process(id, stat, usage);
  }
  return usage;
}

double machine_busy_seconds() {
  const std::string text = read_small_file("/proc/stat");
  unsigned long long user = 0;
  unsigned long long nice = 0;
  unsigned long long system = 0;
  unsigned long long irq = 0;
  unsigned long long soft_irq = 0;
  unsigned long long stolen = 0;
  std::sscanf(text.c_str(), "cpu %llu %llu %llu %*u %*u %llu %llu %llu", &user, &nice, &system,
              &irq, &soft_irq, &stolen);
  return static_cast<double>(user + nice + system + irq + soft_irq + stolen) /
         static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace mr::bench
