#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "base/bytes.h"
#include "http/budget.h"

namespace mr::http {

// Bytes received, in memory that a budget allows. Contents keep their order, not their place:
// views into it end at the next reserve().
class Buffer {
 public:
  explicit Buffer(Budget& budget) : budget_(&budget) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { release(); }
  void swap(Buffer& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  uint8_t* data() { return data_; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  ByteView view() const { return {data_, size_}; }
  // The memory behind the contents, where the next read goes; commit() says how much came.
  MutableBytes room() { return {data_ + size_, capacity_ - size_}; }
  void commit(size_t count) { size_ += count; }
  void truncate(size_t size) { size_ = size; }

  // Makes the capacity exactly `capacity` (not below the size). False, and nothing changes, when
  // the budget is used up.
  bool reserve(size_t capacity);
  // Appends when the capacity allows it.
  bool append(ByteView bytes);
  // Drops the first `count` bytes and moves the rest to the front.
  void drop_front(size_t count);
  // Empties it and gives all memory back.
  void release();

 private:
  Budget* budget_;
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace mr::http
