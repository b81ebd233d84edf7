#include "codec/json_object.h"
#include "log/partition.h"
#include "log/verify.h"
#include "main/log_command.h"
#include "main/log_commands.h"
#include "main/progress_bar.h"
#include "main/text_table.h"

namespace mr::main {

namespace {

// `verify`: reads and checks everything. A partition that cannot be read does not hide the others.
class LogVerify final : public LogCommand {
 public:
  using LogCommand::LogCommand;
  io::Task<Result<int>> verify();

 private:
  void take(const stream::TopicPartition& which, const log::VerifyReport& report);

  TextTable table_{{"partition", "segments", "batches", "records", "bytes", "damaged"}};
  std::vector<std::string> lines_;  // of JSON
  std::string troubles_;            // for people
};

std::string finding_text(const log::VerifyFinding& finding) {
  std::string text = finding.file;
  if (finding.from < finding.to) {
    text += ", byte " + std::to_string(finding.position) + ": offsets " +
            std::to_string(finding.from.value) + " to " + std::to_string(finding.to.value - 1);
  }
  return text + ": " + finding.what + "\n";
}

std::string finding_json(const log::VerifyFinding& finding) {
  json::Object object;
  object.set_text("file", finding.file);
  if (finding.from < finding.to) {
    set_number(object, "position", static_cast<int64_t>(finding.position));
    set_offsets(object, finding.from, finding.to);
  }
  object.set_text("what", finding.what);
  return object.to_json();
}

std::string report_json(const stream::TopicPartition& which, const log::VerifyReport& report) {
  json::Object object;
  object.set_text("topic", which.topic);
  set_number(object, "partition", which.partition);
  set_number(object, "segments", static_cast<int64_t>(report.segments));
  set_number(object, "batches", static_cast<int64_t>(report.batches));
  set_number(object, "records", static_cast<int64_t>(report.records));
  set_number(object, "bytes", static_cast<int64_t>(report.bytes));
  std::vector<std::string> items;
  for (const log::VerifyFinding& finding : report.findings) items.push_back(finding_json(finding));
  object.set("findings", joined(items));
  return object.to_json();
}

// What was found in one partition: into the table, the lines of JSON and the list of troubles.
void LogVerify::take(const stream::TopicPartition& which, const log::VerifyReport& report) {
  lines_.push_back(report_json(which, report));
  table_.add({place_of(which), grouped(static_cast<long long>(report.segments)),
              grouped(static_cast<long long>(report.batches)),
              grouped(static_cast<long long>(report.records)), readable_bytes(report.bytes),
              grouped(static_cast<long long>(report.findings.size()))});
  for (const log::VerifyFinding& finding : report.findings) troubles_ += finding_text(finding);
}

io::Task<Result<int>> LogVerify::verify() {
  MR_CO_TRY(const auto partitions, co_await chosen());
  uint64_t total = 0;
  for (const stream::TopicPartition& which : partitions) {
    const auto bytes = co_await log::bytes_to_verify(world_, log::partition_folder(folder_, which));
    total += bytes.value_or(0);
  }
  {
    ProgressBar progress("verifying", total);
    for (const stream::TopicPartition& which : partitions) {
      const auto found =
          co_await log::verify_partition(world_, log::partition_folder(folder_, which), &progress);
      if (found) {
        take(which, *found);
      } else if (found.error().code() != ErrorCode::not_found) {
        lines_.push_back(trouble_json(which, found.error()));
        table_.add_unreadable(place_of(which));
        troubles_ += trouble_text(which, found.error());
      }
    }
  }
  print(command_.json ? partitions_json(lines_) : table_.render());
  if (!command_.json && !troubles_.empty()) print("\n" + troubles_);
  co_return troubles_.empty() ? 0 : 1;
}

}  // namespace

int run_log_verify(const Command& command) {
  LogVerify log(command);
  return log.run(log.verify());
}

}  // namespace mr::main
