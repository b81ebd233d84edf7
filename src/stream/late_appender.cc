#include "stream/late_appender.h"

namespace mr::stream {

namespace {

constexpr Millis pause{5'000};

}  // namespace

LateAppender::LateAppender(io::World world, Log& log, TopicPartition which, AppendOptions options,
                           Error why)
    : world_(world),
      log_(log),
      which_(std::move(which)),
      options_(options),
      why_(std::move(why)),
      close_asked_(world.loop),
      trying_(world.loop) {
}

io::Task<std::unique_ptr<Appender>> LateAppender::open(io::World world, Log& log,
                                                       TopicPartition which, AppendOptions options,
                                                       std::string* why) {
  auto opened = co_await log.open_appender(which, options);
  if (opened) co_return std::move(*opened);
  if (why != nullptr) *why = opened.error().message();
  std::unique_ptr<LateAppender> late(
      new LateAppender(world, log, std::move(which), options, std::move(opened).error()));
  late->trying_.spawn(late->go_on_trying());
  co_return late;
}

io::Task<void> LateAppender::go_on_trying() {
  while (!closing_) {
    co_await close_asked_.wait_until(world_.clock, world_.clock.now() + pause);
    if (closing_) break;
    auto opened = co_await log_.open_appender(which_, options_);
    if (opened) {
      opened_ = std::move(*opened);
      break;
    }
    why_ = std::move(opened).error();
  }
}

io::Task<Result<AppendedRange>> LateAppender::append(std::vector<RecordView> records) {
  if (opened_) co_return co_await opened_->append(std::move(records));
  co_return fail(why_);
}

Offset LateAppender::next_offset() const {
  return opened_ ? opened_->next_offset() : Offset(0);
}

void LateAppender::publish(Offset end) {
  if (opened_) opened_->publish(end);
}

io::Task<Result<void>> LateAppender::close() {
  closing_ = true;
  close_asked_.notify();
  co_await trying_.drain();
  if (opened_) co_return co_await opened_->close();
  co_return Result<void>{};
}

AppenderStatus LateAppender::status() const {
  if (opened_) return opened_->status();
  AppenderStatus status;
  status.opened = false;
  status.failure = why_.message();
  return status;
}

}  // namespace mr::stream
