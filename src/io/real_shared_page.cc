#include "io/real_shared_page.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "base/assert.h"
#include "io/descriptor.h"
#include "io/epoll_loop.h"

namespace mr::io {

namespace {

constexpr size_t page_bytes = 4096;

}  // namespace

Result<std::unique_ptr<SharedPage>> RealSharedPage::map(EpollLoop& loop, const Path& path) {
  static_assert(sizeof(Layout) <= page_bytes);
  static_assert(std::atomic<uint64_t>::is_always_lock_free);
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.valid()) return fail(error_from_errno(errno, "open", path));
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail(error_from_errno(errno, "examine", path));
  // A page without a block of its own would be a bus error on a full disk, at the first touch.
  const bool complete = status.st_size >= static_cast<off_t>(page_bytes) && status.st_blocks > 0;
  const int reserved = complete ? 0 : ::posix_fallocate(file.get(), 0, page_bytes);
  if (reserved != 0) return fail(error_from_errno(reserved, "extend", path));
  void* memory = ::mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (memory == MAP_FAILED) return fail(error_from_errno(errno, "map", path));
  return std::unique_ptr<SharedPage>(new RealSharedPage(loop, static_cast<Layout*>(memory)));
}

RealSharedPage::~RealSharedPage() {
  closing_.store(true);
  if (waiter_) {
    page_->changes.fetch_add(1);
    ::syscall(SYS_futex, &page_->changes, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
    waiter_.reset();
  }
  ::munmap(page_, page_bytes);
}

uint64_t RealSharedPage::load(size_t word) const {
  MR_ASSERT(word < word_count);
  return page_->words[word].load(std::memory_order_acquire);
}

void RealSharedPage::store(size_t word, uint64_t value) {
  MR_ASSERT(word < word_count);
  page_->words[word].store(value, std::memory_order_release);
}

void RealSharedPage::publish(size_t word, uint64_t value) {
  store(word, value);
  page_->changes.fetch_add(1, std::memory_order_acq_rel);
  ::syscall(SYS_futex, &page_->changes, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

uint64_t RealSharedPage::wait_blocking(size_t word, uint64_t seen, Instant deadline) {
  for (;;) {
    const uint32_t changes = page_->changes.load(std::memory_order_acquire);
    const uint64_t value = load(word);
    if (value != seen || closing_.load()) return value;
    timespec until{};
    until.tv_sec = static_cast<time_t>(deadline.micros / 1'000'000);
    until.tv_nsec = static_cast<long>(deadline.micros % 1'000'000 * 1000);
    // FUTEX_WAIT_BITSET takes an absolute monotonic time, the clock that Instant is read from.
    const long result =
        ::syscall(SYS_futex, &page_->changes, FUTEX_WAIT_BITSET, changes,
                  deadline == no_deadline ? nullptr : &until, nullptr, FUTEX_BITSET_MATCH_ANY);
    if (result != 0 && errno == ETIMEDOUT) return load(word);
  }
}

Task<uint64_t> RealSharedPage::wait_until_not(size_t word, uint64_t seen, Instant deadline) {
  const uint64_t value = load(word);
  if (value != seen) co_return value;
  if (!waiter_) waiter_ = std::make_unique<ThreadWorker>(loop_, 1, "page-wait");
  co_return co_await waiter_->run(
      [this, word, seen, deadline] { return wait_blocking(word, seen, deadline); });
}

}  // namespace mr::io
