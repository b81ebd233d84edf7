#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace mr::hog {

struct Object;
struct Container;

// Owns the memory of values and counts it. Values are counted references, which frees nearly
// everything at once; what a cycle keeps alive is freed when the heap ends. So every value must end
// before its heap does. One thread at a time.
//
// The limit is hard: what would pass it is not allocated. The maker then gives an empty value and
// exceeded() stays true; whoever runs a program looks there after each step and stops.
class Heap {
 public:
  explicit Heap(size_t bytes_max) : bytes_max_(bytes_max) {}
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  // Counts bytes that are about to be allocated; false when they would pass the limit.
  bool take(size_t bytes) {
    if (bytes > bytes_max_ - bytes_) {
      refuse(bytes);
      return false;
    }
    bytes_ += bytes;
    if (bytes_ > bytes_peak_) bytes_peak_ = bytes_;
    return true;
  }
  void give_back(size_t bytes) { bytes_ -= bytes; }

  // Keeps what the heap's values point to (the code of a closure) until the last of them is gone.
  void keep(std::shared_ptr<const void> owned) { kept_.push_back(std::move(owned)); }

  bool exceeded() const { return bytes_refused_ != 0; }
  // What would have been in use, had the first refused allocation been made.
  size_t bytes_refused() const { return bytes_refused_; }
  size_t bytes() const { return bytes_; }
  size_t bytes_peak() const { return bytes_peak_; }
  size_t bytes_max() const { return bytes_max_; }

 private:
  friend struct Object;
  friend struct Container;

  void refuse(size_t bytes);
  // The last reference to the object is gone. Values nest as deeply as memory allows, so what an
  // object held is freed by a loop, not by recursion.
  void free(Object* object);
  void free_waiting();

  size_t bytes_max_;
  size_t bytes_ = 0;
  size_t bytes_peak_ = 0;
  size_t bytes_refused_ = 0;
  Container* containers_ = nullptr;  // all that can be part of a cycle
  Container* waiting_ = nullptr;     // containers to be freed
  bool freeing_ = false;
  std::vector<std::shared_ptr<const void>> kept_;
};

}  // namespace mr::hog
