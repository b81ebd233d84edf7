#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/signal.h"
#include "io/task_group.h"
#include "io/world.h"
#include "stream/log.h"
#include "telemetry/log_line.h"
#include "telemetry/metrics.h"

namespace mr::kafka {

struct SpoolOptions {
  // The remote has this long to confirm an append; then it is kept on this machine.
  Millis patience{1'000};
  // What is forwarded at once.
  size_t forward_bytes = 1024u * 1024;
  // Between two attempts to forward.
  Millis retry_pause{1'000};
  // Appends that wait for the local disk; more are refused with busy.
  size_t queue_bytes_max = 48u * 1024 * 1024;
  // One record's key, value and headers; more is too_large.
  size_t record_bytes_max = 8u * 1024 * 1024;
};

// The header of a forwarded record: its offset in the spool (decimal text). Two records with one
// uuid and one such offset are one.
inline constexpr std::string_view spool_offset_header = "spool_offset";

inline constexpr std::string_view spool_records_help =
    "Records on this machine that wait for the brokers";

// An appender to a remote partition that may be out of reach, with a local partition, the spool,
// behind it, so that an append is durable somewhere soon. While the remote confirms in time,
// nothing touches the spool. When it does not, everything that waits is put into the spool, and
// from then on all records go there, in their order, until the last of them was forwarded.
//
// An append that was handed to the remote stays with it: when it is confirmed after all, its
// spooled copy is not forwarded. So records reach the remote once, except, after a crash of this
// process, those that the remote had and that no saved position covers (docs/DURABILITY.md).
//
// The range that append() yields is of the partition that keeps the records now. Belongs to one
// loop; only stream interfaces and the doors are used.
class SpoolingAppender final : public stream::Appender {
 public:
  struct Parts {
    io::World world;
    // Its appends should never time out by themselves: they are waited for in the background.
    std::unique_ptr<stream::Appender> remote;
    std::unique_ptr<stream::Appender> local;
    std::unique_ptr<stream::Reader> local_reader;
    // Where records go that the remote refuses for good although they were accepted.
    std::unique_ptr<stream::Appender> refused;
    // Holds the spool's retention back; may be null.
    std::unique_ptr<stream::Consumer> consumer;
    stream::Checkpoints& checkpoints;
    std::string position_name;
    telemetry::Logger& log;
    telemetry::Metrics& metrics;
  };

  // Takes up where the last process left the spool; a saved position above its end is given up,
  // and said so. Errors: of the checkpoints and the reader.
  static io::Task<Result<std::unique_ptr<SpoolingAppender>>> open(Parts parts,
                                                                  SpoolOptions options);
  ~SpoolingAppender() override;

  // Errors: too_large, busy (too much waits for the local disk), and those of the local appender:
  // the remote's silence is none.
  io::Task<Result<stream::AppendedRange>> append(std::vector<stream::RecordView> records) override;
  Offset next_offset() const override { return parts_.remote->next_offset(); }
  void publish(Offset) override {}
  // What is spooled and not forwarded stays for the next start.
  io::Task<Result<void>> close() override;
  stream::AppenderStatus status() const override;

  // Records that wait in the spool.
  int64_t spooled() const { return parts_.local->next_offset() - next_; }
  bool spooling() const { return spooling_; }

 private:
  struct Entry;
  using EntryPtr = std::shared_ptr<Entry>;

  SpoolingAppender(Parts parts, SpoolOptions options);
  io::Task<Result<void>> load();
  void begin_spooling(std::string_view why);
  void enqueue(EntryPtr entry);
  io::Task<void> send(EntryPtr entry);
  io::Task<void> write_spool();
  io::Task<void> write_entries(std::vector<EntryPtr> entries);
  io::Task<void> forward();
  io::Task<Result<bool>> forward_some();
  io::Task<Result<void>> forward_batch(const stream::ReadBatch& batch);
  io::Task<Result<void>> send_again(const std::vector<const stream::Record*>& records);
  io::Task<Result<void>> send_each(const std::vector<const stream::Record*>& records);
  io::Task<Result<void>> refuse(const stream::Record& record, const Error& why);
  void settle(Offset next, telemetry::Counter& counter);
  io::Task<Result<void>> save();
  EntryPtr sender_of(Offset offset) const;
  void start_sending(const EntryPtr& entry);
  bool can_hand_over() const;
  void hand_over();
  void hold_writer(Millis patience);
  io::Task<void> wait_for_remote(EntryPtr entry);

  Parts parts_;
  SpoolOptions options_;
  bool spooling_ = false;
  bool closing_ = false;
  bool writing_ = false;
  Instant writer_held_until_;  // new appends wait so long for the forwarder to catch up
  Offset next_;                // everything below is settled: forwarded, for the most part
  Offset alone_below_;         // records below are sent each alone: one of them was refused
  std::map<uint64_t, EntryPtr> with_remote_;  // appends that it has not answered, in their order
  uint64_t sequence_ = 0;
  std::deque<EntryPtr> to_spool_;
  size_t to_spool_bytes_ = 0;
  std::map<Offset, EntryPtr> sent_first_;  // spooled appends that the remote has too, by offset
  size_t running_ = 0;                     // calls of append()
  stream::AppenderStatus status_;
  std::string trouble_;  // of forwarding
  telemetry::Gauge& spooled_gauge_;
  telemetry::Counter& spooled_total_;
  telemetry::Counter& forwarded_total_;
  telemetry::Counter& damaged_total_;
  io::Signal spool_work_;
  io::Signal forward_work_;
  io::Signal idle_;
  io::TaskGroup tasks_;
};

}  // namespace mr::kafka
