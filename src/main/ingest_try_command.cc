#include "main/ingest_try_command.h"

#include <fstream>
#include <iostream>

#include "event/timestamp.h"
#include "io/real_world.h"
#include "main/answer_print.h"
#include "main/commands.h"
#include "main/trial_input.h"
#include "main/trial_output.h"

namespace mr::main {

namespace {

constexpr std::string_view trial_token = "phc_trial";

Result<WallTime> time_of_trial(const TrialRequest& request) {
  if (request.now.empty()) return io::RealWorld().world().clock.wall();
  const auto time = event::parse_timestamp(request.now);
  if (!time) return fail(ErrorCode::invalid_input, "--now is no time: " + request.now);
  return *time;
}

// The same file gives the same identifiers.
class CountedUuids final : public event::UuidSource {
 public:
  codec::Uuid next(WallTime at) override {
    ++count_;
    return codec::uuid_v7(at.millis, count_, count_);
  }

 private:
  uint64_t count_ = 0;
};

struct Tried {
  ingest::TrialOutcome outcome;
  std::vector<RefusedLine> refused;
};

Result<Tried> try_lines(std::istream& lines, const Command& command, WallTime now) {
  const TrialRequest& request = command.trial;
  const ProjectId project(request.project);
  const catalog::Snapshot projects(1, {{project, "trial", std::string(trial_token), now}}, "");
  ingest::ProcessorOptions options;
  options.duplicates.window = command.settings.duration("ingest.dedup_window");
  MR_TRY(const auto trial, ingest::Trial::open(std::move(options)));
  Tried tried;
  CountedUuids uuids;
  std::vector<ingest::TrialRecord> records;
  std::string text;
  int in_batch = 0;
  for (size_t number = 1; std::getline(lines, text); ++number) {
    if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
    auto line = read_trial_line(text, now, trial_token, uuids);
    if (!line) return fail(line.error().within("line " + std::to_string(number)));
    if (!line->refused.empty()) {
      tried.refused.push_back({number, line->refused, line->message});
    }
    for (ingest::TrialRecord& record : line->records) {
      record.line = number;
      records.push_back(std::move(record));
    }
    if (++in_batch < request.batch) continue;
    MR_CHECK(trial->run(records, projects, now));
    records.clear();
    in_batch = 0;
  }
  MR_CHECK(trial->run(records, projects, now));
  tried.outcome = trial->outcome();
  return tried;
}

Result<Tried> try_file(const Command& command) {
  MR_TRY(const WallTime now, time_of_trial(command.trial));
  if (command.trial.file == "-") return try_lines(std::cin, command, now);
  std::ifstream file(command.trial.file);
  if (!file) return fail(ErrorCode::not_found, "cannot read the file " + command.trial.file);
  return try_lines(file, command, now);
}

}  // namespace

int run_ingest_try(const Command& command) {
  const auto tried = try_file(command);
  if (!tried) return report(tried.error());
  print(command.json ? trial_json(tried->outcome, tried->refused) + "\n"
                     : trial_tables(tried->outcome, tried->refused));
  return 0;
}

}  // namespace mr::main
