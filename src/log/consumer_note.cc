#include "log/consumer_note.h"

namespace mr::log {

namespace {

constexpr Millis write_interval{1000};

}  // namespace

io::Task<Result<void>> ConsumerNote::open(Offset next) {
  MR_CO_CHECK(co_await files_.save(name_, {next, {}}));
  written_ = next;
  written_at_ = world_.clock.now();
  co_return Result<void>{};
}

io::Task<Result<void>> ConsumerNote::finished(Offset next) {
  if (next <= written_ || world_.clock.now() - written_at_ < write_interval) {
    co_return Result<void>{};
  }
  co_return co_await open(next);
}

}  // namespace mr::log
