#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "state/state_store.h"
#include "stream/stream.h"

// For tests only: topics in memory, and doors that can break at any step.
namespace mr::ingest {

// Counts the steps of a run; from step `at` on everything fails, as if the process had died there.
struct Breaking {
  uint64_t at = 0;  // 0: never
  uint64_t steps = 0;
  bool broken() { return at != 0 && ++steps >= at; }
  static std::unexpected<Error> error() { return fail(ErrorCode::closed, "the test broke it"); }
};

struct FakeTopic {
  struct StoredRecord {
    WallTime timestamp;
    std::string key;
    std::string value;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string header(const std::string& name) const {
      for (const auto& [header, text] : headers) {
        if (header == name) return text;
      }
      return "(none)";
    }
  };
  std::vector<StoredRecord> records;
  std::optional<stream::DamagedRange> damaged;
  std::optional<Error> unreadable;
  size_t visible = 0;
  std::string refused;  // rows that hold this text are too large; empty: none
};

class FakeAppender final : public stream::Appender {
 public:
  FakeAppender(FakeTopic& topic, Breaking& breaking, Offset truncate_to)
      : topic_(topic), breaking_(breaking) {
    topic_.records.resize(std::min(topic_.records.size(), static_cast<size_t>(truncate_to.value)));
    topic_.visible = std::min(topic_.visible, topic_.records.size());
  }
  io::Task<Result<stream::AppendedRange>> append(std::vector<stream::RecordView> records) override {
    if (breaking_.broken()) co_return Breaking::error();
    for (const stream::RecordView& record : records) {
      if (topic_.refused.empty() || !as_text(record.value).contains(topic_.refused)) continue;
      co_return fail(ErrorCode::too_large, "larger than the topic takes");
    }
    const Offset first = next_offset();
    for (const stream::RecordView& record : records) {
      FakeTopic::StoredRecord stored{record.timestamp,
                                     std::string(as_text(record.key)),
                                     std::string(as_text(record.value)),
                                     {}};
      for (const stream::HeaderView& header : record.headers) {
        stored.headers.emplace_back(header.name, as_text(header.value));
      }
      topic_.records.push_back(std::move(stored));
    }
    if (breaking_.broken()) co_return Breaking::error();
    co_return stream::AppendedRange{first, next_offset() + -1};
  }
  Offset next_offset() const override {
    return Offset(static_cast<int64_t>(topic_.records.size()));
  }
  void publish(Offset end) override { topic_.visible = static_cast<size_t>(end.value); }
  io::Task<Result<void>> close() override { co_return Result<void>{}; }
  stream::AppenderStatus status() const override { return {}; }

 private:
  FakeTopic& topic_;
  Breaking& breaking_;
};

// Is told when a reader has nothing left to read.
class AtEnd {
 public:
  virtual ~AtEnd() = default;
  virtual void reached() = 0;
};

// Yields the topic in pieces that end at multiples of `piece`, and tells `at_end` instead of
// waiting.
class FakeReader final : public stream::Reader {
 public:
  FakeReader(const FakeTopic& topic, Breaking& breaking, size_t piece)
      : topic_(topic), breaking_(breaking), piece_(piece) {}

  io::Task<Result<stream::ReadBatch>> read(Offset from, size_t, Instant) override {
    if (topic_.unreadable) co_return fail(*topic_.unreadable);
    stream::ReadBatch batch;
    const size_t start = static_cast<size_t>(from.value);
    if (topic_.damaged && from >= topic_.damaged->from && from < topic_.damaged->to) {
      batch.damaged = topic_.damaged;
      co_return batch;
    }
    const size_t end = std::min((start / piece_ + 1) * piece_, topic_.records.size());
    for (size_t i = start; i < end; ++i) {
      const Offset at(static_cast<int64_t>(i));
      if (topic_.damaged && at == topic_.damaged->from) break;
      const auto& stored = topic_.records[i];
      stream::Record record{Offset(static_cast<int64_t>(i)),
                            stored.timestamp,
                            as_bytes(stored.key),
                            as_bytes(stored.value),
                            {}};
      for (const auto& [name, value] : stored.headers) {
        record.headers.push_back({name, as_bytes(value)});
      }
      batch.records.push_back(std::move(record));
    }
    if (batch.empty() && at_end != nullptr) at_end->reached();
    if (!batch.empty() && breaking_.broken()) co_return Breaking::error();
    co_return batch;
  }
  io::Task<Result<Offset>> first_offset() override {
    if (topic_.unreadable) co_return fail(*topic_.unreadable);
    co_return Offset(0);
  }
  Offset end_offset() const override {
    return Offset(topic_.unreadable ? 0 : static_cast<int64_t>(topic_.records.size()));
  }
  io::Task<Result<Offset>> find_time(WallTime) override { co_return end_offset(); }

  AtEnd* at_end = nullptr;

 private:
  const FakeTopic& topic_;
  Breaking& breaking_;
  size_t piece_;
};

// Passes on to a real store, breaking before or after it.
class BreakingStateStore final : public state::StateStore {
 public:
  BreakingStateStore(state::StateStore& inner, Breaking& breaking)
      : inner_(inner), breaking_(breaking) {}

  io::Task<Result<state::StateFound>> load(const state::StateRequest& request) override {
    co_return co_await pass(inner_.load(request));
  }
  io::Task<Result<void>> commit(const state::StateChanges& changes) override {
    co_return co_await pass(inner_.commit(changes));
  }
  io::Task<Result<std::vector<state::OutboxEntry>>> read_outbox(size_t bytes_max) override {
    co_return co_await pass(inner_.read_outbox(bytes_max));
  }
  io::Task<Result<void>> finish_outbox(int64_t last_id,
                                       std::vector<state::Position> positions) override {
    co_return co_await pass(inner_.finish_outbox(last_id, std::move(positions)));
  }
  io::Task<Result<std::vector<state::Position>>> positions() override {
    co_return co_await pass(inner_.positions());
  }
  io::Task<Result<std::vector<state::CounterValue>>> counters() override {
    co_return co_await pass(inner_.counters());
  }
  io::Task<Result<std::vector<state::DuplicateBatch>>> load_duplicates(WallTime since,
                                                                       int64_t after_id,
                                                                       size_t bytes_max) override {
    co_return co_await pass(inner_.load_duplicates(since, after_id, bytes_max));
  }

 private:
  template <typename T>
  io::Task<Result<T>> pass(io::Task<Result<T>> call) {
    if (breaking_.broken()) co_return Breaking::error();
    Result<T> result = co_await std::move(call);
    if (breaking_.broken()) co_return Breaking::error();
    co_return result;
  }

  state::StateStore& inner_;
  Breaking& breaking_;
};

}  // namespace mr::ingest
