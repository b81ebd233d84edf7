#pragma once

#include <cstring>
#include <memory>

#include "base/bytes.h"
#include "io/disk.h"

namespace mr::io {

// Memory that direct files accept: aligned, with a capacity that is a multiple of
// direct_alignment. Grows by doubling and keeps its contents; reused between writes so that the
// hot path allocates nothing. From half of huge_page_bytes on it takes huge pages: the device is
// given a few long pieces of memory instead of one for each 4 KiB, which makes large direct writes
// 1.3 to 2 times as fast.
class AlignedBuffer {
 public:
  static constexpr size_t huge_page_bytes = 2 * 1024 * 1024;

  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t capacity) { reserve(capacity); }

  uint8_t* data() { return memory_.get(); }
  const uint8_t* data() const { return memory_.get(); }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  ByteView view() const { return {memory_.get(), size_}; }
  MutableBytes bytes() { return {memory_.get(), size_}; }

  void clear() { size_ = 0; }
  // Sets the size; new bytes hold anything.
  void resize(size_t size) {
    reserve(size);
    size_ = size;
  }
  void append(ByteView tail) {
    if (tail.empty()) return;
    reserve(size_ + tail.size());
    std::memcpy(memory_.get() + size_, tail.data(), tail.size());
    size_ += tail.size();
  }
  void append_zeros(size_t count) {
    reserve(size_ + count);
    std::memset(memory_.get() + size_, 0, count);
    size_ += count;
  }
  // Replaces the contents by a copy that does not pass through this core's cache. A device, or the
  // host of a virtual machine, that read the memory last may hold it in a distant cache: plain
  // stores then wait for each line, and took up to 15 times as long.
  void assign_past_cache(ByteView contents);

  // Makes room for `capacity` bytes in all, rounded up to the alignment.
  void reserve(size_t capacity) {
    if (capacity > capacity_) grow(capacity);
  }

 private:
  struct Free {
    void operator()(uint8_t* memory) const;
  };
  void grow(size_t capacity);

  std::unique_ptr<uint8_t, Free> memory_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace mr::io
