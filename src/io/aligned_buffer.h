#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/assert.h"
#include "base/bytes.h"
#include "io/disk.h"

namespace mr::io {

// Memory that direct files accept: aligned, with a capacity that is a multiple of
// direct_alignment. Grows by doubling and keeps its contents; reused between writes so that the
// hot path allocates nothing.
class AlignedBuffer {
 public:
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

  // Makes room for `capacity` bytes in all, rounded up to the alignment.
  void reserve(size_t capacity) {
    if (capacity <= capacity_) return;
    size_t wanted = capacity_ * 2 > capacity ? capacity_ * 2 : capacity;
    wanted = (wanted + direct_alignment - 1) / direct_alignment * direct_alignment;
    std::unique_ptr<uint8_t, Free> grown(
        static_cast<uint8_t*>(std::aligned_alloc(direct_alignment, wanted)));
    MR_ASSERT(grown != nullptr);
    if (size_ > 0) std::memcpy(grown.get(), memory_.get(), size_);
    memory_ = std::move(grown);
    capacity_ = wanted;
  }

 private:
  struct Free {
    void operator()(uint8_t* memory) const { std::free(memory); }
  };
  std::unique_ptr<uint8_t, Free> memory_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace mr::io
