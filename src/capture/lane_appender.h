#pragma once

#include <array>
#include <memory>
#include <vector>

#include "event/lane.h"
#include "io/signal.h"
#include "io/task_group.h"
#include "stream/topic_appender.h"

namespace mr::capture {

// Records of one request for one lane.
struct LaneRecords {
  event::Lane lane = event::Lane::main;
  std::vector<stream::RecordView> records;
};

// Where records of one request came to lie.
struct LaneRange {
  event::Lane lane = event::Lane::main;
  stream::PartitionRange at;
};

// Opens the topic of a lane for appending; implemented by main/, which knows the log's engine. What
// cannot be opened yet comes nevertheless, and refuses appends with the reason.
class LaneOpener {
 public:
  virtual ~LaneOpener() = default;
  virtual io::Task<std::unique_ptr<stream::TopicAppender>> open(event::Lane lane) = 0;
};

// The lanes as one thing to append to. A lane that nobody uses costs nothing: its topic is opened
// with its first record, or by open(). Belongs to one loop; the opener outlives it.
class LaneAppender {
 public:
  LaneAppender(io::Loop& loop, LaneOpener& opener);
  ~LaneAppender();

  // Opens a lane, unless it is open.
  io::Task<void> open(event::Lane lane);

  // Appends all; completes when everything is durable and yields where it is, in the order given.
  // Errors as of TopicAppender::append, the first in that order; the other lanes may have kept
  // their share, which is doubled when the client sends again and dropped by ingest as a repeat.
  io::Task<Result<std::vector<LaneRange>>> append(std::vector<LaneRecords> lanes);

  // Whether every lane that was opened takes records.
  bool takes_records() const;
  // One past the last record of each partition of the open lanes, added up.
  int64_t records_end() const;
  // Closes the open lanes; the first error wins, after all were asked.
  io::Task<Result<void>> close();

 private:
  struct Lane;
  struct Share;
  Lane& of(event::Lane lane) { return *lanes_[static_cast<size_t>(lane)]; }
  io::Task<void> append_share(Share& share);

  io::Loop& loop_;
  LaneOpener& opener_;
  std::array<std::unique_ptr<Lane>, event::all_lanes.size()> lanes_;
};

}  // namespace mr::capture
