#include "codec/json_object.h"
#include "io/clock.h"
#include "log/partition.h"
#include "log/retention.h"
#include "main/expected_consumers.h"
#include "main/log_command.h"
#include "main/log_commands.h"
#include "main/text_table.h"

namespace mr::main {

namespace {

// How long a running writer may take to remove what it was asked to.
constexpr Millis removal_wait{10'000};

// `truncate-before`: removes what lies below an offset.
class LogTruncate final : public LogCommand {
 public:
  using LogCommand::LogCommand;
  io::Task<Result<int>> truncate_before();
};

io::Task<Result<int>> LogTruncate::truncate_before() {
  MR_CO_TRY(const auto partitions, co_await chosen());
  if (partitions.size() != 1) {
    co_return fail(ErrorCode::invalid_input, "name one partition, as " + command_.log.topic + "/0");
  }
  const Offset wanted(command_.log.before);
  const Instant deadline = world_.clock.now() + removal_wait;
  const auto removed = co_await log::remove_before(
      world_, log::partition_folder(folder_, partitions[0]),
      {wanted, command_.log.force, deadline, consumers_of(partitions[0].topic)});
  if (!removed && removed.error().code() == ErrorCode::busy) {
    co_return fail(ErrorCode::busy,
                   removed.error().message() + "; --force removes it all the same, for good");
  }
  MR_CO_TRY(const Offset first, removed);
  if (command_.json) {
    json::Object object;
    set_number(object, "first_offset", first.value);
    print(object.to_json() + "\n");
  } else {
    print(place_of(partitions[0]) + " begins at offset " + grouped(first.value) +
          (first < wanted ? " (the writer has not removed the rest yet, or it is in a segment that "
                            "is still written)\n"
                          : "\n"));
  }
  co_return 0;
}

}  // namespace

int run_log_truncate_before(const Command& command) {
  LogTruncate log(command);
  return log.run(log.truncate_before());
}

}  // namespace mr::main
