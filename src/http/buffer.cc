#include "http/buffer.h"

#include <cstring>

#include "base/assert.h"

namespace mr::http {

bool Buffer::reserve(size_t capacity) {
  MR_ASSERT(capacity >= size_);
  if (capacity == capacity_) return true;
  if (capacity > capacity_ && !budget_->take(capacity - capacity_)) return false;
  if (capacity < capacity_) budget_->give(capacity_ - capacity);
  if (capacity == 0) {
    std::free(data_);
    data_ = nullptr;
  } else {
    // realloc moves pages of large blocks instead of copying them.
    auto* moved = static_cast<uint8_t*>(std::realloc(data_, capacity));
    MR_ASSERT(moved != nullptr);
    data_ = moved;
  }
  capacity_ = capacity;
  return true;
}

bool Buffer::append(ByteView bytes) {
  if (bytes.size() > capacity_ - size_) return false;
  if (!bytes.empty()) std::memcpy(data_ + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
  return true;
}

void Buffer::drop_front(size_t count) {
  MR_ASSERT(count <= size_);
  if (count == 0) return;
  size_ -= count;
  if (size_ > 0) std::memmove(data_, data_ + count, size_);
}

void Buffer::release() {
  size_ = 0;
  reserve(0);
}

}  // namespace mr::http
