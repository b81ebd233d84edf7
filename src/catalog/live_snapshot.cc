#include "catalog/live_snapshot.h"

namespace mr::catalog {
namespace {

// How long follow() sleeps before it looks at the file again although nobody called: covers a page
// that was lost.
constexpr Millis reload_interval_max{30'000};

}  // namespace

LiveSnapshot::LiveSnapshot(io::World& world, io::Path snapshot, io::Path page)
    : world_(world), snapshot_path_(std::move(snapshot)), page_path_(std::move(page)) {
}

io::Task<Result<void>> LiveSnapshot::open() {
  MR_CO_TRY(page_, co_await world_.disk.map_shared(page_path_));
  co_return co_await reload();
}

io::Task<void> LiveSnapshot::follow() {
  uint64_t seen = page_->load(0);
  for (;;) {
    if (!co_await reload()) ++failures_;
    const Instant deadline = world_.clock.now() + reload_interval_max;
    seen = co_await page_->wait_until_not(0, seen, deadline);
  }
}

io::Task<Result<void>> LiveSnapshot::reload() {
  MR_CO_TRY(const Bytes bytes,
            co_await io::read_whole_file(world_.disk, snapshot_path_, Snapshot::bytes_max));
  MR_CO_TRY(Snapshot read, Snapshot::parse(bytes));
  current_ = std::move(read);
  co_return Result<void>();
}

}  // namespace mr::catalog
