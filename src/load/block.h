#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/strong.h"
#include "stream/stream.h"

namespace mr::load {

// Rows on their way into one table: the records of a range of offsets, as the warehouse takes them.
// A record's value is a JSON object; its place in the log is spliced in as columns:
//   _partition, _offset, _timestamp                    from the record itself
//   _source_topic, _source_partition, _source_offset   from its headers, where it has them
class Block {
 public:
  // `partition` is that of the topic that is loaded.
  explicit Block(int partition) : partition_(partition) {}

  // Appends the record's row. Records come in offset order, without gaps. A value that is no JSON
  // object is not appended but kept aside in rejected().
  void add(const stream::Record& record);

  bool empty() const { return offsets_.empty() && rejected_.empty(); }
  size_t row_count() const { return offsets_.size(); }
  size_t bytes() const { return rows_.size(); }
  // One JSON object a line.
  const std::string& rows() const { return rows_; }
  // The offset of each row.
  const std::vector<Offset>& offsets() const { return offsets_; }

  // The rows first … first+count-1, in the same form.
  std::string slice(size_t first, size_t count) const;
  // The rows whose offsets are not in `present` (rising).
  Block without(const std::vector<Offset>& present) const;

  // A record whose value cannot be a row.
  struct Rejected {
    Offset offset;
    std::string value;
  };
  const std::vector<Rejected>& rejected() const { return rejected_; }

 private:
  void append_row(Offset offset, std::string_view row);

  int partition_;
  std::string rows_;
  std::vector<Offset> offsets_;
  std::vector<size_t> starts_;  // where each row begins in rows_
  std::vector<Rejected> rejected_;
};

// Header names under which ingest stores where an event was captured (decimal text).
inline constexpr std::string_view source_topic_header = "source_topic";
inline constexpr std::string_view source_partition_header = "source_partition";
inline constexpr std::string_view source_offset_header = "source_offset";

}  // namespace mr::load
