#pragma once

#include <vector>

#include "stream/stream.h"

namespace mr::load {

// Recognises rows that their writer has appended before: a log that cannot cut what was not
// committed (Kafka) keeps the rows of a batch that ingest had to do again after a crash. Rows of
// one source partition (of one topic) come in the order of their source offsets, so a row whose
// source offset is not above the last one is a repeat. Records without partition and offset are
// never repeats.
class RepeatFilter {
 public:
  RepeatFilter() = default;
  // Continues after what a checkpoint says.
  explicit RepeatFilter(std::vector<stream::SourceMark> marks) : marks_(std::move(marks)) {}

  // Whether the record is a repeat; if not, remembers its source.
  bool seen(const stream::Record& record);
  // For the checkpoint: the sources' positions by topic and partition.
  const std::vector<stream::SourceMark>& marks() const { return marks_; }

 private:
  std::vector<stream::SourceMark> marks_;  // rising by topic and partition
};

}  // namespace mr::load
