#pragma once

#include <array>
#include <deque>
#include <memory>
#include <string>

#include "io/aligned_buffer.h"
#include "io/signal.h"
#include "io/task_group.h"
#include "io/world.h"
#include "log/compression.h"
#include "log/manifest.h"
#include "log/options.h"
#include "log/partition_meters.h"
#include "log/recovery.h"
#include "log/segment_index.h"
#include "log/watermark.h"

namespace mr::log {

// Writes one partition: gathers appends while a commit runs (group commit, no timer), one batch a
// commit, into preallocated segments. Owns the partition's lock, its manifest and its open segment.
//
// Invariants between two suspensions: durable_end_ counts only what is durable; written_end_ is
// what was answered, the same unless syncs come at intervals; position_ is the end of the last
// written batch in the open segment; a file whose write or sync failed is never written again (the
// partition is recovered from what is on the disk).
class PartitionWriter final : public stream::Appender {
 public:
  PartitionWriter(io::World world, io::Path folder, AppenderOptions options);
  // After close(), or in the simulator after a crash.
  ~PartitionWriter() override;

  // Takes the lock, recovers, begins a segment (later, if there is no space for one now), and
  // starts to commit. Call once, before anything else.
  io::Task<Result<void>> open();

  io::Task<Result<stream::AppendedRange>> append(std::vector<stream::RecordView> records) override;
  Offset next_offset() const override;
  void publish(Offset end) override;
  io::Task<Result<void>> close() override;
  stream::AppenderStatus status() const override;

 private:
  struct Commit;
  struct Ticket;
  // The segment that is written to.
  struct OpenSegment {
    std::unique_ptr<io::File> file;
    Offset base;
    SegmentUse use;
    uint64_t bytes = 0;  // preallocated
  };
  // A file that waits to become the next segment: of zeros, or used before.
  struct Prepared {
    std::unique_ptr<io::File> file;
    uint64_t bytes = 0;
    bool recycled = false;  // holds an earlier use, not zeros
  };

  io::Task<Result<void>> take_lock();
  Result<void> admit(const std::vector<stream::RecordView>& records, size_t bytes);
  Commit& gathering_commit();
  io::Task<void> commit_loop();
  void keep_memory(std::unique_ptr<Commit> done);
  io::Task<Result<void>> commit_next(Commit& commit);
  io::Task<Result<void>> write_commit(Commit& commit);
  void finish_batch(Commit& commit, Offset base);
  void finish_ahead();
  io::Task<void> finish_ahead_soon();
  void give_up_file(const Error& error);
  io::Task<Result<void>> sync_written();
  io::Task<void> sync_answered();
  void sync_after_interval();
  io::Task<void> sync_later();
  void show_written();
  void finish(Commit& commit, const Result<void>& outcome);
  void fail_queued(const Error& error);

  io::Task<bool> recover_from_failure();
  io::Task<Result<void>> recover();
  io::Task<Result<void>> learn_from_disk();
  void tell_loss(Offset found_end);
  io::Task<Result<void>> ensure_segment(uint64_t batch_bytes);
  io::Task<Result<void>> begin_segment(uint64_t bytes);
  io::Task<Result<void>> replace_segment(uint64_t bytes);
  io::Task<Result<void>> write_carried(io::File& file, SegmentUse use, uint64_t& written);
  io::Task<Result<void>> save_manifest();
  io::Task<Result<void>> prepare(uint64_t bytes);
  io::Task<void> look_ahead();
  io::Task<void> trim(OpenSegment sealed, uint64_t bytes, SegmentIndex index);
  io::Task<void> check_space();
  io::Task<void> keep_spare();
  uint64_t next_segment_bytes(uint64_t batch_bytes) const;
  void seal_open_segment();

  io::Task<void> housekeeping();
  io::Task<void> look_at_consumers();
  size_t removable_segments();
  void note_held(size_t segments);
  std::vector<SegmentEntry> drop_removable();
  void keep_removed(std::vector<SegmentEntry> dropped);
  io::Task<void> remove_between_commits();
  io::Task<void> clear_removed();
  bool recyclable(const SegmentEntry& entry) const;
  io::Task<bool> recycle(SegmentEntry entry);
  io::Task<Result<void>> extend_recycled(io::File& file, uint64_t size, uint64_t bytes);
  uint64_t reserved_bytes(const io::DiskSpace& space) const;
  Offset visible_end() const;

  void show_segment(int32_t epoch, uint64_t bytes);
  void show_first();
  void show_end();

  io::World world_;
  io::Path folder_;
  AppenderOptions options_;
  std::unique_ptr<io::DiskLock> lock_;
  std::unique_ptr<io::SharedPage> page_;
  uint64_t generation_ = 0;

  Manifest manifest_;
  std::optional<OpenSegment> segment_;
  std::optional<Prepared> prepared_;
  std::optional<Carried> carried_;
  bool preparing_ = false;     // someone is making or using next.prepared
  bool looked_ahead_ = false;  // for the segment after the open one
  uint64_t last_segment_bytes_ = 0;
  bool direct_ = true;

  CompressionChoice choice_;
  SegmentIndexBuilder index_;  // of the open segment

  Offset durable_end_;
  Offset written_end_;
  Offset published_end_;
  bool sync_due_ = false;
  bool sync_later_ = false;  // sync_later() runs
  uint64_t position_ = 0;
  WallTime max_timestamp_{-1};

  // Retention.
  Offset finished_by_all_;        // what the registered consumers have finished, as last seen
  std::string slowest_consumer_;  // and which of them is furthest behind
  Offset requested_;              // someone asked to remove what lies below
  bool removal_due_ = false;
  std::vector<SegmentEntry> removed_;  // not in the durable manifest; their files are to go
  bool clearing_ = false;
  int trims_ = 0;  // running
  std::optional<Instant> held_logged_;

  std::deque<std::unique_ptr<Commit>> queue_;
  std::unique_ptr<Commit> running_;
  std::vector<std::unique_ptr<Commit>> spare_;
  // Of the commit that is written and of the one behind it, by turns.
  std::array<io::AlignedBuffer, 2> outgoing_;
  size_t next_outgoing_ = 0;
  size_t queued_bytes_ = 0;
  int64_t queued_records_ = 0;

  std::optional<Error> failure_;  // set: recover before anything else is written
  bool space_low_ = false;
  bool checking_space_ = false;
  Instant space_checked_;
  bool closing_ = false;
  bool opened_ = false;
  stream::AppenderStatus status_;
  PartitionMeters meters_;

  io::Signal work_;
  io::Signal files_changed_;
  io::Signal close_asked_;
  io::TaskGroup tasks_;  // last: destroyed first
};

}  // namespace mr::log
