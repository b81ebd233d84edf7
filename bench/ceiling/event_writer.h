#pragma once

#include <memory>
#include <string_view>

#include "bench/ceiling/group_log.h"

namespace mr::bench {

// Turns the body of a request into records of the log: the least that is still worth the name of
// capture. It decompresses, walks the JSON, finds the four fields that every event has to have, and
// writes each event's own text behind a checksum.
class EventWriter {
 public:
  explicit EventWriter(GroupLog& log);
  ~EventWriter();

  // Whether the body was what it should be; `waiter` is then told by the log. The bytes behind
  // `body`, up to padding_bytes, may be read.
  bool write(std::string_view body, bool gzip, int waiter);

  static const size_t padding_bytes;

 private:
  struct Parts;
  bool write_events(std::string_view text, GroupLog::Room& room);

  GroupLog& log_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace mr::bench
