#pragma once

#include <memory>
#include <string>

#include "io/signal.h"
#include "io/task_group.h"
#include "io/world.h"
#include "stream/log.h"

namespace mr::stream {

// A partition that could not be opened for appending, and is tried again every few seconds: until
// then appends are refused with the reason, so that one partition in trouble does not keep a whole
// process down; afterwards everything is passed on. Belongs to one loop; close() before it is
// destroyed, as any appender.
class LateAppender final : public Appender {
 public:
  // Opens the partition; where that fails, the appender comes nevertheless, and goes on trying.
  // `log` outlives it. `why`, which may be null, gets the error of a failed opening.
  static io::Task<std::unique_ptr<Appender>> open(io::World world, Log& log, TopicPartition which,
                                                  AppendOptions options, std::string* why);

  io::Task<Result<AppendedRange>> append(std::vector<RecordView> records) override;
  Offset next_offset() const override;
  void publish(Offset end) override;
  io::Task<Result<void>> close() override;
  AppenderStatus status() const override;  // `opened` is false until it is

 private:
  LateAppender(io::World world, Log& log, TopicPartition which, AppendOptions options, Error why);
  io::Task<void> go_on_trying();

  io::World world_;
  Log& log_;
  TopicPartition which_;
  AppendOptions options_;
  Error why_;
  std::unique_ptr<Appender> opened_;
  bool closing_ = false;
  io::Signal close_asked_;
  io::TaskGroup trying_;
};

}  // namespace mr::stream
