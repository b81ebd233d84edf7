// Runs many seeds of one scenario in one process and says what happened, a JSON object a line.
// tools/simulate.py starts several of these, adds up and shrinks; docs/TESTING.md.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "base/reached.h"
#include "log/simulation_sim.h"

namespace mr::log {
namespace {

struct Arguments {
  std::string scenario;
  std::string bug;
  uint64_t from = 1;
  uint64_t seeds = 1;
  uint64_t failures_max = 1;
  uint64_t check_every = 500;  // one seed in so many runs twice
  int rounds = 0;
  int producers = 0;
  bool list = false;
  bool crash_everywhere = false;
  RunOptions options;
};

constexpr const char* usage =
    "mr_log_simulate --list\n"
    "mr_log_simulate --scenario NAME [--from SEED] [--seeds N] [--failures-max N] [--bug NAME]\n"
    "                [--without KIND,KIND] [--rounds N] [--producers N] [--trace]\n"
    "                [--check-every N] [--crash-everywhere]\n";

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    words.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return words;
}

[[noreturn]] void refuse(const std::string& what) {
  std::fprintf(stderr, "%s\n%s", what.c_str(), usage);
  std::exit(2);
}

Arguments parse(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const auto value = [&] {
      if (i + 1 >= count) refuse(word + " needs a value");
      return std::string(words[++i]);
    };
    const auto number = [&] { return std::strtoull(value().c_str(), nullptr, 10); };
    if (word == "--scenario")
      arguments.scenario = value();
    else if (word == "--bug")
      arguments.bug = value();
    else if (word == "--from")
      arguments.from = number();
    else if (word == "--seeds")
      arguments.seeds = number();
    else if (word == "--failures-max")
      arguments.failures_max = number();
    else if (word == "--check-every")
      arguments.check_every = number();
    else if (word == "--rounds")
      arguments.rounds = static_cast<int>(number());
    else if (word == "--producers")
      arguments.producers = static_cast<int>(number());
    else if (word == "--without")
      arguments.options.without = split(value());
    else if (word == "--trace")
      arguments.options.trace = true;
    else if (word == "--list")
      arguments.list = true;
    else if (word == "--crash-everywhere")
      arguments.crash_everywhere = true;
    else
      refuse("unknown: " + word);
  }
  return arguments;
}

// Our own texts: letters, digits, spaces and signs that JSON does not mind.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

void say(const std::string& line) {
  std::fputs((line + "\n").c_str(), stdout);
  std::fflush(stdout);
}

void list() {
  for (const std::string& name : all_scenarios()) say("{\"scenario\":" + quoted(name) + "}");
  for (const PlantedBug& bug : planted_bugs()) {
    say("{\"bug\":" + quoted(bug.name) + ",\"what\":" + quoted(bug.what) +
        ",\"scenario_of_bug\":" + quoted(bug.scenario) + "}");
  }
  for (const ReachedMark& mark : reached_marks()) say("{\"mark\":" + quoted(mark.name) + "}");
  for (const Regression& regression : load_regressions()) {
    say("{\"regression\":" + quoted(regression.scenario) +
        ",\"seed\":" + std::to_string(regression.seed) + "}");
  }
}

// In how many runs each mark was reached.
class Coverage {
 public:
  void begin_run() const {
    for (ReachedMark& mark : reached_marks()) mark.reached.store(0, std::memory_order_relaxed);
  }
  void end_run() {
    for (const ReachedMark& mark : reached_marks()) {
      runs_[mark.name] += mark.reached.load(std::memory_order_relaxed);
    }
  }
  std::string json() const {
    std::string text;
    for (const auto& [name, runs] : runs_) {
      text += (text.empty() ? "" : ",") + quoted(name) + ":" + std::to_string(runs);
    }
    return "{" + text + "}";
  }

 private:
  std::map<std::string, uint64_t> runs_;
};

std::string failure_json(const Scenario& scenario, uint64_t seed, const Failure& failure) {
  return "{\"failure\":" + quoted(failure.invariant) + ",\"scenario\":" + quoted(scenario.name) +
         ",\"seed\":" + std::to_string(seed) + ",\"faults\":" + quoted(failure.faults) +
         ",\"operation\":" + std::to_string(failure.operation) +
         ",\"micros\":" + std::to_string(failure.micros) + "}";
}

struct Totals {
  uint64_t seeds = 0;
  uint64_t runs = 0;
  uint64_t failures = 0;
  uint64_t operations = 0;
};

void run_seed(const Arguments& arguments, const Scenario& scenario, uint64_t seed,
              Coverage& coverage, Totals& totals) {
  coverage.begin_run();
  RunResult run = simulate(scenario, seed, arguments.options);
  coverage.end_run();
  ++totals.runs;
  totals.operations += run.operations;
  if (!run.failure && arguments.check_every > 0 && seed % arguments.check_every == 0) {
    const RunResult again = simulate(scenario, seed, arguments.options);
    if (again.fingerprint != run.fingerprint) {
      run.failure = {"F1: two runs of one seed differ", again.failure ? "" : " ?", run.operations};
    }
  }
  if (!run.failure) return;
  ++totals.failures;
  say(failure_json(scenario, seed, *run.failure));
}

// A crash at every operation of a short run, both kinds.
void run_crashes(const Arguments& arguments, Scenario scenario, uint64_t seed, Coverage& coverage,
                 Totals& totals) {
  scenario.appends = std::min(scenario.appends, 3);
  const uint64_t operations =
      simulate_crash_at(scenario, seed, 0, sim::CrashKind::process, arguments.options).operations;
  for (uint64_t at = 1; at <= operations && totals.failures < arguments.failures_max; ++at) {
    for (const auto kind : {sim::CrashKind::process, sim::CrashKind::power}) {
      coverage.begin_run();
      const RunResult run = simulate_crash_at(scenario, seed, at, kind, arguments.options);
      coverage.end_run();
      ++totals.runs;
      totals.operations += run.operations;
      if (!run.failure) continue;
      ++totals.failures;
      say(failure_json(scenario, seed, *run.failure));
    }
  }
}

int run(const Arguments& arguments) {
  Scenario scenario = load_scenario(arguments.scenario);
  if (arguments.rounds > 0) scenario.rounds = arguments.rounds;
  if (arguments.producers > 0) scenario.producers = arguments.producers;
  constexpr uint64_t progress_every = 250;
  Coverage coverage;
  Totals totals;
  for (uint64_t seed = arguments.from; seed < arguments.from + arguments.seeds; ++seed) {
    if (totals.seeds % progress_every == 0) say("{\"at\":" + std::to_string(seed) + "}");
    ++totals.seeds;
    if (arguments.crash_everywhere) {
      run_crashes(arguments, scenario, seed, coverage, totals);
    } else {
      run_seed(arguments, scenario, seed, coverage, totals);
    }
    if (totals.failures >= arguments.failures_max) break;
  }
  say("{\"scenario\":" + quoted(scenario.name) + ",\"seeds\":" + std::to_string(totals.seeds) +
      ",\"runs\":" + std::to_string(totals.runs) + ",\"failures\":" +
      std::to_string(totals.failures) + ",\"operations\":" + std::to_string(totals.operations) +
      ",\"reached\":" + coverage.json() + "}");
  return totals.failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace mr::log

int main(int count, char** words) {
  mr::log::Arguments arguments = mr::log::parse(count, words);
  if (arguments.list) {
    mr::log::list();
    return 0;
  }
  for (const mr::log::PlantedBug& bug : mr::log::planted_bugs()) {
    if (arguments.bug == bug.name) arguments.options.bugs = bug.bugs;
  }
  return mr::log::run(arguments);
}
