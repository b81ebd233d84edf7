#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/strong.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/task.h"

// What a log is to everyone above it: ordered partitions of records that are appended durably and
// read from an offset. Engines: log/ (our own segments on disk) and, scaled out, Kafka.
namespace mr::stream {

// A named value beside a record's key and value. Names starting with '_' belong to the engine.
struct HeaderView {
  std::string_view name;
  ByteView value;
};

// The headers of one record, in their order. Records are many and have up to three: those need no
// memory of their own.
class HeaderViews {
 public:
  HeaderViews() = default;
  HeaderViews(std::initializer_list<HeaderView> headers) {
    for (const HeaderView& header : headers) push_back(header);
  }

  void push_back(HeaderView header);
  size_t size() const { return many_.empty() ? few_count_ : many_.size(); }
  bool empty() const { return size() == 0; }
  const HeaderView* begin() const { return many_.empty() ? few_.data() : many_.data(); }
  const HeaderView* end() const { return begin() + size(); }
  const HeaderView& operator[](size_t index) const { return begin()[index]; }
  const HeaderView& back() const { return end()[-1]; }

 private:
  std::array<HeaderView, 3> few_;
  size_t few_count_ = 0;
  std::vector<HeaderView> many_;  // all of them, once they are more than few_ holds
};

// A record to append. Views must live until append() returns.
struct RecordView {
  WallTime timestamp;
  ByteView key;
  ByteView value;
  HeaderViews headers;

  // Key, value and headers' names and values: what record_bytes_max limits.
  size_t payload_bytes() const;
};

// A record that was read. Its views live as long as the ReadBatch that holds it.
struct Record {
  Offset offset;
  WallTime timestamp;
  ByteView key;
  ByteView value;
  HeaderViews headers;

  size_t payload_bytes() const;  // as of a RecordView
  // The first header of that name, or nothing.
  std::optional<ByteView> header(std::string_view name) const;
};

// Where appended records came to lie: dense offsets first … last.
struct AppendedRange {
  Offset first;
  Offset last;
  bool spooled = false;  // in the spool before the partition, not yet in the partition itself
};

// What an appender has done since it was opened, for metrics and for `millrace status`.
struct AppenderStatus {
  uint64_t records = 0;
  uint64_t payload_bytes = 0;  // keys, values and headers
  uint64_t written_bytes = 0;  // batches with their padding
  uint64_t commits = 0;
  uint64_t segments = 0;          // begun
  uint64_t recoveries = 0;        // after a write or sync that failed
  uint64_t removed_segments = 0;  // by retention or on request
  uint64_t removed_bytes = 0;
  uint64_t recycled_segments = 0;    // of these: became the next segment's file
  uint64_t overridden_segments = 0;  // of these: a registered consumer had not finished them
  uint64_t held_segments = 0;  // beyond retention now, kept because a consumer still needs them
  uint64_t refused_busy = 0;   // appends, by reason
  uint64_t refused_no_space = 0;
  uint64_t refused_too_large = 0;
  uint64_t failed = 0;        // appends whose outcome is unknown
  uint64_t lost_records = 0;  // answered before their sync, which then failed
  bool direct = false;        // commits go past the page cache
  bool space_low = false;
  bool opened = true;   // false: it could not be opened yet, which is tried again and again
  std::string failure;  // what is wrong now; empty when nothing is
};

// Writes one partition. A partition has one writer process; within it any number of tasks of the
// owning loop may append at the same time, and appends that meet share one commit.
class Appender {
 public:
  virtual ~Appender() = default;

  // Appends the records in order, all or none, and completes when they are durable. Errors:
  // no_space and busy (retry later; nothing was kept), too_large (a record over the limit),
  // io_failed (the outcome is unknown: a reopened log may hold the records).
  virtual io::Task<Result<AppendedRange>> append(std::vector<RecordView> records) = 0;

  // The offset that the next record will get.
  virtual Offset next_offset() const = 0;

  // For appenders opened with Visibility::on_publish: readers now see offsets below `end`. Never
  // goes back; never above the durable end.
  virtual void publish(Offset end) = 0;

  // Refuses new appends, completes the accepted ones, lets the partition go. Call once and await
  // it before the appender is destroyed.
  virtual io::Task<Result<void>> close() = 0;

  virtual AppenderStatus status() const = 0;
};

// When readers see appended records.
enum class Visibility : uint8_t {
  on_durable,  // as soon as they are durable
  on_publish,  // when the writer says so, after it has committed elsewhere that they count
};

// Offsets that cannot be read any more, because their bytes are damaged for good or were removed:
// whoever goes past them accounts for them.
struct DamagedRange {
  Offset from;
  Offset to;  // one past the last
  std::string reason;
  bool removed = false;  // they were taken out of the log, whole, before this reader came
};

// Records in offset order, with the memory that their views point to.
struct ReadBatch {
  std::vector<Record> records;
  std::vector<std::shared_ptr<const void>> memory;
  // Set, with no records, when the position asked for lies in a range that cannot be read. The
  // reader never goes past it by itself: the caller records the loss and reads on from `to`.
  std::optional<DamagedRange> damaged;
  bool empty() const { return records.empty(); }
};

// Reads one partition from a position that the caller keeps. Any number of readers, in any
// process. One outstanding call at a time.
class Reader {
 public:
  virtual ~Reader() = default;

  // Yields the records from `from` on, at most about `bytes_max` (at least one record), waiting
  // until one is visible or `deadline` (then an empty batch). Damage that is certain is no error:
  // see ReadBatch::damaged; offsets below the first kept one are told the same way. Errors: corrupt
  // (the partition's own description is damaged), io_failed.
  virtual io::Task<Result<ReadBatch>> read(Offset from, size_t bytes_max, Instant deadline) = 0;

  // The first offset that is kept, and the end of what is visible (one past the last).
  virtual io::Task<Result<Offset>> first_offset() = 0;
  virtual Offset end_offset() const = 0;

  // The first visible offset whose timestamp is at or after `time`; the end when there is none.
  // Where timestamps are out of order: all records below the answer's batch are older.
  virtual io::Task<Result<Offset>> find_time(WallTime time) = 0;
};

// How far a partition of a topic from which records were made had come.
struct SourceMark {
  std::string topic;  // empty: the one that needs no name
  int32_t partition = 0;
  Offset next;
  bool operator==(const SourceMark&) const = default;
};

// Named positions that survive crashes: how far a consumer has come in a partition, and the range
// that it is working on. Each save replaces the name's value atomically and durably.
struct Checkpoint {
  Offset next;                           // everything below is done
  std::optional<Offset> intended_end{};  // when set: [next, intended_end) may be partly done
  // Up to where the records below `next` came from, where a consumer must recognise repeats.
  std::vector<SourceMark> sources{};
};

class Checkpoints {
 public:
  virtual ~Checkpoints() = default;
  // The saved value, or nothing when there is none yet.
  virtual io::Task<Result<std::optional<Checkpoint>>> load(std::string name) = 0;
  // Durable when it completes.
  virtual io::Task<Result<void>> save(std::string name, Checkpoint checkpoint) = 0;
};

// The limits of one record that every engine keeps: Kafka's default of about 1 MB for events, and
// the header names that are ours.
inline constexpr size_t record_bytes_max = 25 * 1024 * 1024;
inline constexpr std::string_view pad_header = "_pad";

}  // namespace mr::stream
