#include "load/loader.h"

#include <algorithm>
#include <charconv>

#include "io/clock.h"
#include "io/world.h"

namespace mr::load {

namespace {

constexpr Millis first_retry_pause{100};
constexpr Millis longest_retry_pause{10'000};

std::vector<Offset> parse_offsets(std::string_view lines) {
  std::vector<Offset> offsets;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    int64_t offset = 0;
    if (std::from_chars(lines.data(), lines.data() + end, offset).ec == std::errc()) {
      offsets.emplace_back(offset);
    }
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  std::ranges::sort(offsets);
  return offsets;
}

}  // namespace

Loader::Loader(Doors doors, LoaderOptions options)
    : doors_(doors),
      options_(std::move(options)),
      rows_stored_(doors_.metrics.counter("millrace_load_rows_total", "Rows put into the warehouse",
                                          {{"topic", options_.topic}})),
      rows_rejected_(doors_.metrics.counter("millrace_load_rejected_rows_total",
                                            "Rows that the warehouse refused (dead letters)",
                                            {{"topic", options_.topic}})),
      rows_repeated_(doors_.metrics.counter("millrace_load_repeated_rows_total",
                                            "Rows that had been loaded before and were dropped",
                                            {{"topic", options_.topic}})),
      offsets_damaged_(doors_.metrics.counter("millrace_load_damaged_offsets_total",
                                              "Offsets that the log could no longer show",
                                              {{"topic", options_.topic}})),
      failures_(doors_.metrics.counter("millrace_load_failures_total",
                                       "Attempts to load that failed and were repeated",
                                       {{"topic", options_.topic}})),
      changed_(doors_.world.loop) {
}

io::Task<void> Loader::run() {
  Millis pause = first_retry_pause;
  while (!stopping_) {
    if (held_) {
      co_await changed_.wait();
      continue;
    }
    standing_ = false;
    const Result<void> done = co_await step();
    standing_ = true;
    changed_.notify();
    if (done) {
      pause = first_retry_pause;
      continue;
    }
    failures_.add();
    doors_.log.error("cannot load; trying again", {{"topic", options_.topic},
                                                   {"offset", position_.value},
                                                   {"error", done.error().message()},
                                                   {"pause_ms", pause.count}});
    co_await doors_.world.clock.sleep(pause);
    pause = std::min(Millis{pause.count * 2}, longest_retry_pause);
  }
}

io::Task<void> Loader::hold() {
  held_ = true;
  while (!standing_) co_await changed_.wait();
}

void Loader::release() {
  held_ = false;
  changed_.notify();
}

io::Task<Result<void>> Loader::step() {
  if (!loaded_) MR_CO_CHECK(co_await load_position());
  if (intended_end_) co_return co_await finish_intended(*intended_end_);
  MR_CO_TRY(Block block, co_await gather());
  if (block.empty() && gathered_end_ == position_) co_return Result<void>();
  const Offset end = gathered_end_;
  if (!block.empty()) MR_CO_CHECK(co_await save(position_, end));
  MR_CO_CHECK(co_await insert(std::move(block)));
  last_insert_ = doors_.world.clock.now();
  co_return co_await save(end, std::nullopt);
}

io::Task<Result<void>> Loader::load_position() {
  MR_CO_TRY(const auto saved,
            co_await doors_.checkpoints.load(position_name(options_.topic, options_.partition)));
  if (saved) {
    position_ = saved->next;
    intended_end_ = saved->intended_end;
    sources_ = saved->sources;
  } else {
    MR_CO_TRY(position_, co_await doors_.reader.first_offset());
  }
  loaded_ = true;
  co_return Result<void>();
}

// A range that was begun before a failure: what of it arrived is known only to the table.
io::Task<Result<void>> Loader::finish_intended(Offset end) {
  MR_CO_TRY(const auto present, co_await present_offsets(end));
  MR_CO_TRY(const Block whole, co_await read_range(end));
  Block missing = whole.without(present);
  doors_.log.info("finishing an interrupted insert", {{"topic", options_.topic},
                                                      {"first_offset", position_.value},
                                                      {"next_offset", end.value},
                                                      {"present", present.size()},
                                                      {"missing", missing.row_count()}});
  MR_CO_CHECK(co_await insert(std::move(missing)));
  co_return co_await save(end, std::nullopt);
}

// Waits for records and collects them until the block is full, or until `delay` has passed since
// the insert before: a row that comes after a quiet time goes at once, many in a row go in blocks.
io::Task<Result<Block>> Loader::gather() {
  Block block(options_.partition);
  gathered_end_ = position_;
  filter_ = RepeatFilter(sources_);
  Instant deadline = doors_.world.clock.now() + options_.stop_check;
  while (block.row_count() < options_.block_rows && block.bytes() < options_.block_bytes_max) {
    MR_CO_TRY(const stream::ReadBatch batch,
              co_await doors_.reader.read(gathered_end_, options_.block_bytes_max / 4, deadline));
    if (batch.damaged) {
      if (gathered_end_ == position_) MR_CO_CHECK(co_await pass_damage(*batch.damaged));
      break;
    }
    if (batch.empty()) break;
    // A deadline that has passed still lets read() yield what is visible already.
    if (block.empty()) {
      deadline = last_insert_ ? *last_insert_ + options_.delay : doors_.world.clock.now();
    }
    gathered_end_ = batch.records.back().offset + 1;
    add(batch, gathered_end_, block);
  }
  co_return block;
}

void Loader::add(const stream::ReadBatch& batch, Offset end, Block& block) {
  for (const stream::Record& record : batch.records) {
    if (record.offset >= end) continue;
    if (options_.drop_repeats && filter_.seen(record)) {
      rows_repeated_.add();
      continue;
    }
    block.add(record);
  }
}

// Goes on after offsets that cannot be read. Called when everything below them is loaded; a crash
// between the dead letter and the position writes the dead letter twice, never not at all.
io::Task<Result<void>> Loader::pass_damage(const stream::DamagedRange& range) {
  MR_CO_CHECK(co_await dead_letter(
      range.from, "",
      "offsets to " + std::to_string(range.to.value - 1) +
          (range.removed ? " are missing in the log: " : " are damaged in the log: ") +
          range.reason));
  offsets_damaged_.add(static_cast<uint64_t>(range.to - range.from));
  gathered_end_ = range.to;
  co_return Result<void>();
}

io::Task<Result<Block>> Loader::read_range(Offset end) {
  Block block(options_.partition);
  filter_ = RepeatFilter(sources_);
  Offset at = position_;
  while (at < end) {
    const Instant deadline = doors_.world.clock.now() + Millis{10'000};
    MR_CO_TRY(const stream::ReadBatch batch,
              co_await doors_.reader.read(at, options_.block_bytes_max / 4, deadline));
    if (batch.damaged) {
      MR_CO_CHECK(co_await pass_damage(*batch.damaged));
      at = batch.damaged->to;
      continue;
    }
    if (batch.empty()) {
      co_return fail(ErrorCode::not_found, "the log has no record at offset " +
                                               std::to_string(at.value) + " of " + options_.topic +
                                               " although an insert of it was begun");
    }
    add(batch, end, block);
    at = batch.records.back().offset + 1;
  }
  co_return block;
}

io::Task<Result<std::vector<Offset>>> Loader::present_offsets(Offset end) {
  const std::string sql = "SELECT DISTINCT _offset FROM " + options_.table +
                          " WHERE _partition = " + std::to_string(options_.partition) +
                          " AND _offset >= " + std::to_string(position_.value) + " AND _offset < " +
                          std::to_string(end.value);
  MR_CO_TRY(const store::QueryResult result, co_await doors_.warehouse.internal_query(sql));
  co_return parse_offsets(result.data);
}

io::Task<Result<void>> Loader::insert(Block block) {
  for (const Block::Rejected& rejected : block.rejected()) {
    MR_CO_CHECK(co_await reject(rejected.offset, rejected.value, "the value is no JSON object"));
  }
  if (block.row_count() == 0) co_return Result<void>();
  co_return co_await insert_rows(block, 0, block.row_count());
}

// Inserts rows first … first+count-1. When the warehouse says that a row of them is bad, each half
// is tried alone: a refused insert has put none of its rows into the table.
io::Task<Result<void>> Loader::insert_rows(const Block& block, size_t first, size_t count) {
  auto inserted =
      co_await doors_.warehouse.insert({options_.table, block.slice(first, count), count});
  if (inserted) {
    rows_stored_.add(count);
    co_return Result<void>();
  }
  if (inserted.error().code() != ErrorCode::invalid_input) co_return fail(inserted.error());
  if (count == 1) {
    co_return co_await reject(block.offsets()[first], block.slice(first, 1),
                              inserted.error().message());
  }
  const size_t half = count / 2;
  MR_CO_CHECK(co_await insert_rows(block, first, half));
  co_return co_await insert_rows(block, first + half, count - half);
}

io::Task<Result<void>> Loader::reject(Offset offset, std::string value, std::string reason) {
  rows_rejected_.add();
  doors_.log.error("row refused by the warehouse; dead-lettered",
                   {{"topic", options_.topic}, {"offset", offset.value}, {"reason", reason}});
  co_return co_await dead_letter(offset, std::move(value), std::move(reason));
}

io::Task<Result<void>> Loader::dead_letter(Offset offset, std::string value, std::string reason) {
  const std::string step = "load";
  const std::string offset_text = std::to_string(offset.value);
  const std::string partition_text = std::to_string(options_.partition);
  // Header names of a dead letter as contracts/ingestion.md 1.1 has them.
  std::vector<stream::RecordView> records = {{
      .timestamp = doors_.world.clock.wall(),
      .key = {},
      .value = as_bytes(value),
      .headers = {{"dlq_reason", as_bytes(reason)},
                  {"dlq_step", as_bytes(step)},
                  {"dlq_topic", as_bytes(options_.topic)},
                  {"dlq_partition", as_bytes(partition_text)},
                  {"dlq_offset", as_bytes(offset_text)}},
  }};
  MR_CO_CHECK(co_await doors_.dead_letters.append(std::move(records)));
  co_return Result<void>();
}

io::Task<Result<void>> Loader::save(Offset next, std::optional<Offset> intended_end) {
  // Of what lies below `next`: while a range is intended, that is what was below it before.
  std::vector<stream::SourceMark> sources = intended_end ? sources_ : filter_.marks();
  MR_CO_CHECK(co_await doors_.checkpoints.save(position_name(options_.topic, options_.partition),
                                               {next, intended_end, sources}));
  sources_ = std::move(sources);
  position_ = next;
  intended_end_ = intended_end;
  co_return Result<void>();
}

std::string position_name(std::string_view topic, int partition) {
  return std::string(topic) + "-" + std::to_string(partition);
}

}  // namespace mr::load
