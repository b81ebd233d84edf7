#include "kafka/partition_appender.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <deque>

#include "base/assert.h"

namespace mr::kafka {

namespace {

constexpr Millis fatal_look_interval{1'000};
// How long close() waits for confirmations.
constexpr Millis close_grace{5'000};
// librdkafka's queue is full: a look again after this even when no confirmation comes.
constexpr Millis full_wait{100};
// What a record costs beside its bytes while it waits.
constexpr size_t record_overhead_bytes = 200;
// Other tasks of the loop get a turn after this many records.
constexpr size_t records_per_turn = 256;

rd_kafka_headers_t* make_headers(const stream::HeaderViews& headers) {
  if (headers.empty()) return nullptr;
  rd_kafka_headers_t* made = rd_kafka_headers_new(headers.size());
  for (const stream::HeaderView& header : headers) {
    rd_kafka_header_add(made, header.name.data(), static_cast<ssize_t>(header.name.size()),
                        header.value.data(), static_cast<ssize_t>(header.value.size()));
  }
  return made;
}

stream::RecordView view_of(const FormedRecord& formed, WallTime timestamp) {
  stream::RecordView record{timestamp, as_bytes(formed.key), as_bytes(formed.value), {}};
  for (const auto& [name, value] : formed.headers) {
    record.headers.push_back({name, as_bytes(value)});
  }
  return record;
}

}  // namespace

Result<std::unique_ptr<Producer>> Producer::create(io::World world, io::EpollLoop& loop,
                                                   const Options& options, telemetry::Logger& log) {
  std::unique_ptr<Producer> producer(new Producer(world));
  MR_TRY(producer->handle_, Handle::create(Handle::Kind::producer, options, loop, *producer, log));
  return producer;
}

int Producer::produce(rd_kafka_topic_s* topic, int32_t partition, const stream::RecordView& record,
                      Delivery& delivery) {
  rd_kafka_headers_t* headers = make_headers(record.headers);
  rd_kafka_vu_t parts[7];
  size_t count = 0;
  parts[count].vtype = RD_KAFKA_VTYPE_RKT;
  parts[count++].u.rkt = topic;
  parts[count].vtype = RD_KAFKA_VTYPE_PARTITION;
  parts[count++].u.i32 = partition;
  parts[count].vtype = RD_KAFKA_VTYPE_VALUE;
  // librdkafka does not write to it, it only frees what it was asked to.
  parts[count].u.mem.ptr = const_cast<uint8_t*>(record.value.data());
  parts[count++].u.mem.size = record.value.size();
  parts[count].vtype = RD_KAFKA_VTYPE_KEY;
  parts[count].u.mem.ptr = record.key.empty() ? nullptr : const_cast<uint8_t*>(record.key.data());
  parts[count++].u.mem.size = record.key.size();
  parts[count].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  parts[count++].u.i64 = record.timestamp.millis;
  parts[count].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[count++].u.ptr = &delivery;
  if (headers != nullptr) {
    parts[count].vtype = RD_KAFKA_VTYPE_HEADERS;
    parts[count++].u.headers = headers;
  }
  rd_kafka_error_t* refused = rd_kafka_produceva(handle_->get(), parts, count);
  if (refused == nullptr) {
    ++delivery.open;
    if (waiting_++ == 0) last_progress_ = world_.clock.now();
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  const int response = rd_kafka_error_code(refused);
  rd_kafka_error_destroy(refused);
  if (headers != nullptr) rd_kafka_headers_destroy(headers);
  return response;
}

void Producer::delivered(const rd_kafka_message_s& message) {
  auto& delivery = *static_cast<Delivery*>(message._private);
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const Offset at(message.offset);
    if (delivery.delivered++ == 0) delivery.first = at;
    delivery.first = std::min(delivery.first, at);
    delivery.last = std::max(delivery.last, at);
    handle_->brokers_answered();
  } else if (delivery.response == 0) {
    delivery.response = message.err;
  }
  --waiting_;
  last_progress_ = world_.clock.now();
  if (--delivery.open == 0) delivery.done.notify();
}

io::Task<Error> Producer::failed() {
  // Looks by the clock: a process ends with this task still waiting, after the producer has gone.
  while (handle_->fatal_error().empty()) co_await world_.clock.sleep(fatal_look_interval);
  co_return Error(ErrorCode::failed, "the Kafka producer: " + handle_->fatal_error());
}

bool Producer::stuck_for(Millis time) const {
  return waiting_ > 0 && world_.clock.now() - last_progress_ >= time;
}

void Producer::purge() {
  rd_kafka_purge(handle_->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                     RD_KAFKA_PURGE_F_NON_BLOCKING);
}

// Records in the form that the brokers get, where that differs.
struct PartitionAppender::Formed {
  std::deque<FormedRecord> kept;
};

PartitionAppender::PartitionAppender(Producer& producer, const Options& options, Place place,
                                     const RecordForm* form)
    : producer_(producer),
      options_(options),
      place_(std::move(place)),
      form_(form),
      topic_(rd_kafka_topic_new(producer.handle().get(), place_.topic.c_str(), nullptr)),
      next_(place_.end),
      idle_(producer.world().loop) {
}

PartitionAppender::~PartitionAppender() {
  rd_kafka_topic_destroy(topic_);
}

Result<size_t> PartitionAppender::measure(const std::vector<stream::RecordView>& records) {
  size_t total = 0;
  for (const stream::RecordView& record : records) {
    const size_t bytes = record.payload_bytes();
    if (bytes > options_.record_bytes_max) {
      ++status_.refused_too_large;
      return fail(ErrorCode::too_large, "a record of " + std::to_string(bytes) +
                                            " bytes is over the limit of " +
                                            std::to_string(options_.record_bytes_max));
    }
    total += bytes;
  }
  return total;
}

Error PartitionAppender::failure_of(int response) {
  Error error = error_of(response, "appending to the Kafka topic " + place_.topic);
  status_.failure = error.message();
  ++status_.failed;
  return error;
}

io::Task<int> PartitionAppender::produce_all(const std::vector<stream::RecordView>& records,
                                             Producer::Delivery& delivery) {
  for (size_t i = 0; i < records.size();) {
    const int response = producer_.produce(topic_, place_.partition, records[i], delivery);
    if (response == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      io::Clock& clock = producer_.world().clock;
      co_await producer_.progress().wait_until(clock, clock.now() + full_wait);
      continue;
    }
    if (response != RD_KAFKA_RESP_ERR_NO_ERROR) co_return response;
    ++i;
  }
  co_return RD_KAFKA_RESP_ERR_NO_ERROR;
}

io::Task<Result<stream::AppendedRange>> PartitionAppender::append(
    std::vector<stream::RecordView> records) {
  MR_ASSERT(!records.empty());
  if (closed_) co_return fail(ErrorCode::closed, "the appender of " + place_.topic + " is closed");
  Formed formed;
  if (form_ != nullptr) {
    for (size_t i = 0; i < records.size(); ++i) {
      if (i > 0 && i % records_per_turn == 0) co_await producer_.world().loop.yield();
      MR_CO_TRY(auto one, form_->to_brokers(records[i]));
      formed.kept.push_back(std::move(one));
      records[i] = view_of(formed.kept.back(), records[i].timestamp);
    }
  }
  MR_CO_TRY(const size_t payload, measure(records));
  const size_t bytes = payload + records.size() * record_overhead_bytes;
  if (queued_bytes_ > 0 && queued_bytes_ + bytes > options_.queue_bytes_max) {
    ++status_.refused_busy;
    co_return fail(ErrorCode::busy, "too much waits for the Kafka brokers");
  }
  queued_bytes_ += bytes;
  ++running_;
  Producer::Delivery delivery(producer_.world().loop);
  int response = co_await produce_all(records, delivery);
  while (delivery.open > 0) co_await delivery.done.wait();
  if (response == 0) response = delivery.response;
  queued_bytes_ -= bytes;
  if (--running_ == 0) idle_.notify();
  if (delivery.delivered > 0) next_ = std::max(next_, delivery.last + 1);
  if (response != 0) co_return fail(failure_of(response));
  status_.failure.clear();
  status_.records += records.size();
  status_.payload_bytes += payload;
  status_.written_bytes += payload;
  ++status_.commits;
  co_return stream::AppendedRange{delivery.first, delivery.last};
}

io::Task<Result<void>> PartitionAppender::close() {
  closed_ = true;
  io::Clock& clock = producer_.world().clock;
  const Instant deadline = clock.now() + close_grace;
  while (running_ > 0 && clock.now() < deadline) co_await idle_.wait_until(clock, deadline);
  if (running_ > 0) producer_.purge();
  while (running_ > 0) co_await idle_.wait();
  co_return Result<void>();
}

stream::AppenderStatus PartitionAppender::status() const {
  return status_;
}

}  // namespace mr::kafka
