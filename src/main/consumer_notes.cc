#include "main/consumer_notes.h"

namespace mr::main {

namespace {

constexpr Millis look_interval{1100};  // a consumer writes at most once a second

}  // namespace

io::Task<void> ConsumerNotes::run() {
  while (!stopping_) {
    co_await changed_.wait_until(world_.clock, world_.clock.now() + look_interval);
    co_await write_all();
  }
}

io::Task<void> ConsumerNotes::write_all() {
  for (const Entry& entry : entries_) {
    const auto written = co_await entry.consumer->finished(entry.position->finished());
    if (written) continue;
    // The older note stays: the log keeps more than it must.
    log_.warning("a consumer's note could not be written", {{"error", written.error().message()}});
  }
}

void ConsumerNotes::stop() {
  stopping_ = true;
  changed_.notify();
}

}  // namespace mr::main
