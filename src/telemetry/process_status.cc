#include "telemetry/process_status.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

namespace mr::telemetry {

ProcessStatus read_process_status() {
  ProcessStatus status;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re"); file != nullptr) {
    unsigned long pages = 0;
    unsigned long resident = 0;
    if (std::fscanf(file, "%lu %lu", &pages, &resident) == 2) {
      status.resident_bytes = resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
    }
    std::fclose(file);
  }
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) {
    status.processor_seconds =
        static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
        static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  }
  if (DIR* folder = ::opendir("/proc/self/fd"); folder != nullptr) {
    while (::readdir(folder) != nullptr) ++status.open_files;
    ::closedir(folder);
    // Not counted: the two dots and the folder itself.
    status.open_files = status.open_files > 3 ? status.open_files - 3 : 0;
  }
  return status;
}

void publish_process_status(Metrics& metrics, std::string_view process) {
  const ProcessStatus status = read_process_status();
  metrics
      .gauge("millrace_process_resident_bytes", "Memory of the process that is in RAM.",
             {{"process", process}})
      .set(static_cast<int64_t>(status.resident_bytes));
  metrics
      .gauge("millrace_process_processor_milliseconds",
             "Processor time, user and system, since the process started.", {{"process", process}})
      .set(static_cast<int64_t>(status.processor_seconds * 1000));
  metrics.gauge("millrace_process_open_files", "Open file descriptors.", {{"process", process}})
      .set(static_cast<int64_t>(status.open_files));
}

}  // namespace mr::telemetry
