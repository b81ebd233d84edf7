#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "io/fwd.h"
#include "io/signal.h"
#include "io/task.h"
#include "load/block.h"
#include "load/repeat_filter.h"
#include "store/warehouse.h"
#include "stream/stream.h"
#include "telemetry/log_line.h"
#include "telemetry/metrics.h"

namespace mr::load {

struct LoaderOptions {
  std::string topic;
  std::string table;
  int partition = 0;
  size_t block_rows = 10'000;                 // a block of so many rows goes at once
  size_t block_bytes_max = 32 * 1024 * 1024;  // or of so many bytes
  Millis delay{300};                          // a smaller one so long after the one before
  Millis stop_check{250};                     // how long run() may take to notice stop()
  // Where the log cannot cut what its writer had not committed: drop what was loaded already.
  bool drop_repeats = false;
};

// Under what name a loader saves how far it has come in the partition.
std::string position_name(std::string_view topic, int partition);

// Puts the records of one topic partition into one table, each exactly once, whatever dies when.
// Before an insert the intended range of offsets is saved; after a failure or a restart the offsets
// of that range that the table already has are asked for, and only the missing rows are inserted.
// One range is in flight at a time. Offsets that the log has lost are passed with a dead letter
// that names them. A row that the warehouse refuses is found by halving the block and goes to the
// dead letters; nothing is skipped silently.
//
// Belongs to one loop; everything that it is given outlives it.
class Loader {
 public:
  struct Doors {
    io::World& world;
    stream::Reader& reader;
    stream::Checkpoints& checkpoints;
    store::Warehouse& warehouse;
    stream::Appender& dead_letters;
    telemetry::Logger& log;
    telemetry::Metrics& metrics;
  };
  Loader(Doors doors, LoaderOptions options);

  // Loads until stop() is called; then the block in flight is finished. Failures of the warehouse,
  // the disk or the log are logged, counted and tried again after a pause.
  io::Task<void> run();
  void stop() {
    stopping_ = true;
    changed_.notify();
  }

  // Completes when the loader stands between two blocks, where its saved position and the table
  // agree; it stays there until release(). For a copy of both. One holder at a time.
  io::Task<void> hold();
  // Asks for the same without waiting: several loaders then come to stand at the same time.
  void ask_to_hold() { held_ = true; }
  void release();

  // Everything below is in the table (or in the dead letters), durably.
  Offset position() const { return position_; }

 private:
  io::Task<Result<void>> step();
  io::Task<Result<void>> load_position();
  io::Task<Result<void>> finish_intended(Offset end);
  io::Task<Result<Block>> gather();
  io::Task<Result<Block>> read_range(Offset end);
  void add(const stream::ReadBatch& batch, Offset end, Block& block);
  io::Task<Result<void>> pass_damage(const stream::DamagedRange& range);
  io::Task<Result<std::vector<Offset>>> present_offsets(Offset end);
  io::Task<Result<void>> insert(Block block);
  io::Task<Result<void>> insert_rows(const Block& block, size_t first, size_t count);
  io::Task<Result<void>> reject(Offset offset, std::string value, std::string reason);
  io::Task<Result<void>> dead_letter(Offset offset, std::string value, std::string reason);
  io::Task<Result<void>> save(Offset next, std::optional<Offset> intended_end);

  Doors doors_;
  LoaderOptions options_;
  telemetry::Counter& rows_stored_;
  telemetry::Counter& rows_rejected_;
  telemetry::Counter& rows_repeated_;
  telemetry::Counter& offsets_damaged_;
  telemetry::Counter& failures_;
  bool loaded_ = false;
  bool stopping_ = false;
  bool held_ = false;     // hold() was called
  bool standing_ = true;  // between two blocks
  io::Signal changed_;
  Offset position_;
  Offset gathered_end_;
  std::vector<stream::SourceMark> sources_;  // of the records below position_
  RepeatFilter filter_;                      // up to gathered_end_
  std::optional<Offset> intended_end_;
  std::optional<Instant> last_insert_;  // when it ended
};

}  // namespace mr::load
