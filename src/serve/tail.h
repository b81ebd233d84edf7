#pragma once

#include <memory>
#include <string>
#include <vector>

#include "http/response.h"
#include "io/fwd.h"
#include "stream/log.h"

namespace mr::serve {

struct TailRequest {
  // A topic's name, or TOPIC/PARTITION; '*' stands for any characters.
  std::string pattern;
  std::optional<Offset> from;  // default: the oldest kept record
  std::optional<WallTime> from_time;
  bool follow = false;  // go on with what comes; else end at what was there
};

// The records of the matching topics as lines of JSON: {"topic","partition","offset","timestamp",
// "key","headers","value"}. A captured record is shown in the reference's captured-message form. A
// value that is JSON stands as it is, any other as a text.
class TailSource final : public http::BodySource {
 public:
  // Errors: not_found (no topic matches; names those that exist).
  static io::Task<Result<std::unique_ptr<TailSource>>> open(io::World& world, stream::Log& log,
                                                            TailRequest request);

  io::Task<Result<std::string>> next() override;

 private:
  struct Followed {
    stream::TopicPartition where;
    std::unique_ptr<stream::Reader> reader;
    Offset at;
    Offset end;  // where it stops unless it follows
  };
  explicit TailSource(io::World& world) : world_(world) {}
  io::Task<Result<std::string>> read_one(Followed& followed, Instant deadline);

  io::World& world_;
  bool follow_ = false;
  std::vector<Followed> followed_;
  size_t turn_ = 0;
};

// Whether `name` matches `pattern`, in which '*' stands for any characters.
bool matches_pattern(std::string_view name, std::string_view pattern);

// Offsets that cannot be read as a line of JSON: {"topic","partition","offset","damaged_to",
// "error"}, the first and the last of them.
std::string damage_line(const stream::TopicPartition& where, const stream::DamagedRange& range);

// One record as a line of JSON, without the line feed.
std::string record_line(const stream::TopicPartition& where, const stream::Record& record);

}  // namespace mr::serve
