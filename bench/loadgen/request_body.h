#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/loadgen/event_text.h"

namespace mr::bench {

// A body that can be sent any number of times, each time with new uuids: `refresh` changes the last
// digits of every event's uuid in place. A gzip body is not compressed again for that: the digits
// are exchanged inside the deflate stream by others whose codes have the same length, and only the
// checksum is taken afresh. So each request is one that was never sent before, at a tenth of the
// cost of compressing it, and compressed exactly as a client would have compressed it.
class RequestBody {
 public:
  // `gzip_level` 0 sends plain text; 1 to 12 compresses. Where the compressed form cannot be varied
  // often enough, other random content is tried, and after twenty times it fails.
  static Result<RequestBody> create(const EventShape& shape, uint32_t first_event, int gzip_level,
                                    RandomStream& random);

  // What goes onto the wire; valid until the next refresh().
  const std::string& bytes() const { return gzip_ ? wire_ : text_; }
  size_t text_bytes() const { return text_.size(); }
  // Gives every event a uuid that this body did not have before.
  void refresh();

  // How often every body can be refreshed at least before a uuid of it repeats. How often one
  // really can, refresh() asserts; 256 bodies last for millions of requests.
  static constexpr uint64_t refreshes_min = 1u << 14;

 private:
  // One digit of a uuid and, when compressed, the place of its code.
  struct Slot {
    uint64_t bit = 0;
    uint32_t alphabet = 0;
    uint32_t first_copy = 0;  // into copies_: all bytes of the text that change with it
    uint32_t copies = 0;
    uint16_t original = 0;  // index of the first letter used
    uint16_t current = 0;
  };
  struct Letters;

  RequestBody() = default;
  void add_plain_slots(const std::vector<uint32_t>& fresh_digits);
  bool add_gzip_slots(const std::vector<uint32_t>& fresh_digits);
  void apply(const Slot& slot);

  bool gzip_ = false;
  std::string text_;
  std::string wire_;
  uint64_t refreshes_ = 0;
  uint64_t refreshes_max_ = uint64_t{1} << 48;
  std::vector<Slot> slots_;
  std::vector<uint32_t> event_slots_;  // per event: the end of its slots
  std::vector<uint32_t> copies_;
  std::shared_ptr<const Letters> letters_;
};

}  // namespace mr::bench
