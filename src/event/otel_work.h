#pragma once

#include <algorithm>
#include <cstddef>

namespace mr::event {

// What reading one request of traces may still cost, in bytes that are read or written again. A
// small request can ask for much, because each span repeats what belongs to its resource; it gets
// no more than its own size allows.
class OtelWork {
 public:
  explicit OtelWork(size_t body_bytes)
      : left_(std::min(free_bytes + body_bytes * bytes_per_body_byte, bytes_max)) {}

  // Takes that much; false when there is less, and from then on.
  bool spend(size_t bytes) {
    is_spent_ = is_spent_ || bytes > left_;
    if (!is_spent_) left_ -= bytes;
    return !is_spent_;
  }
  bool is_spent() const { return is_spent_; }

  // Exporters send some hundred spans in some hundred KiB, with a few KiB for their resource.
  static constexpr size_t free_bytes = 8 * 1024 * 1024;
  static constexpr size_t bytes_per_body_byte = 4;
  static constexpr size_t bytes_max = 64 * 1024 * 1024;
  // What keeping one attribute costs beside its bytes.
  static constexpr size_t attribute_bytes = 128;

 private:
  size_t left_;
  bool is_spent_ = false;
};

}  // namespace mr::event
