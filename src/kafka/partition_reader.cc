#include "kafka/partition_reader.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <deque>
#include <utility>

namespace mr::kafka {

namespace {

constexpr Millis question_timeout{5'000};

// The brokers hold a batch of records whose bytes are not what was written.
bool is_damage(int response) {
  return response == RD_KAFKA_RESP_ERR__BAD_MSG || response == RD_KAFKA_RESP_ERR__BAD_COMPRESSION;
}

}  // namespace

// What reads: alive as long as the reader wants it or a batch points into its messages.
struct PartitionReader::Client {
  std::unique_ptr<Handle> handle;
  rd_kafka_topic_s* topic = nullptr;
  rd_kafka_queue_s* queue = nullptr;
  int32_t partition = 0;

  void end() {
    if (topic != nullptr) {
      rd_kafka_consume_stop(topic, partition);
      rd_kafka_topic_destroy(topic);
    }
    handle->end_client();
  }
};

// Ends a client without holding up the loop: librdkafka joins its threads.
class PartitionReader::EndClient final : public io::Worker::Job {
 public:
  explicit EndClient(std::unique_ptr<Client> client) : client_(std::move(client)) {}
  void execute() override { client_->end(); }
  void completed() override { delete this; }

 private:
  std::unique_ptr<Client> client_;
};

// Messages of librdkafka, and what was made of them; lives as long as a batch's views.
struct PartitionReader::Fetched {
  ~Fetched() {
    for (rd_kafka_message_t* message : messages) rd_kafka_message_destroy(message);
  }
  std::shared_ptr<Client> client;  // outlives its messages
  std::vector<rd_kafka_message_t*> messages;
  std::deque<FormedRecord> formed;
  size_t bytes = 0;
};

PartitionReader::PartitionReader(Doors doors, rd_kafka_s* control, std::string topic,
                                 int32_t partition, const RecordForm* form)
    : doors_(doors),
      control_(control),
      topic_(std::move(topic)),
      partition_(partition),
      form_(form),
      arrived_(doors.world.loop) {
}

PartitionReader::~PartitionReader() {
  kept_memory_.clear();
  stop();
}

io::Task<Result<void>> PartitionReader::open() {
  MR_CO_TRY(marks_, co_await doors_.worker.run([this] {
    return query_watermarks(control_, topic_, partition_, question_timeout);
  }));
  co_return Result<void>();
}

Result<void> PartitionReader::start(Offset from) {
  stop();
  auto made = std::make_unique<Client>();
  MR_TRY(made->handle,
         Handle::create(Handle::Kind::consumer, doors_.options, doors_.loop, *this, doors_.log));
  made->partition = partition_;
  made->queue = made->handle->make_queue();
  made->topic = rd_kafka_topic_new(made->handle->get(), topic_.c_str(), nullptr);
  io::Worker& worker = doors_.worker;
  client_ = std::shared_ptr<Client>(made.release(), [&worker](Client* ended) {
    ended->handle->silence();
    worker.submit(*new EndClient(std::unique_ptr<Client>(ended)));
  });
  if (rd_kafka_consume_start_queue(client_->topic, partition_, from.value, client_->queue) != 0) {
    const auto response = rd_kafka_last_error();
    stop();
    return fail(error_of(response, "reading the Kafka topic " + topic_));
  }
  position_ = from;
  return {};
}

void PartitionReader::stop() {
  failure_ = {};
  if (!client_) return;
  client_->handle->silence();
  client_.reset();
}

// Takes what has arrived, up to an error that ends the reading.
void PartitionReader::fetch(Fetched& into, Offset from, size_t bytes_max) {
  while (failure_.response == 0 && into.bytes < bytes_max) {
    rd_kafka_message_t* message = rd_kafka_consume_queue(client_->queue, 0);
    if (message == nullptr) return;
    const int response = message->err;
    if (response == 0 && message->offset >= from.value) {
      into.bytes += message->len + message->key_len;
      into.messages.push_back(message);
      position_ = Offset(message->offset) + 1;
      client_->handle->brokers_answered();
      continue;
    }
    const bool passes =
        response == 0 || is_outage(response) || response == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (!passes) failure_ = {response, Offset(message->offset), rd_kafka_message_errstr(message)};
    rd_kafka_message_destroy(message);
  }
}

// What the error at `from` comes to. The client ends: librdkafka does not go on by itself.
io::Task<Result<stream::ReadBatch>> PartitionReader::failed_at(Offset from) {
  const Failure failure = std::move(failure_);
  const int response = failure.response;
  stop();
  if (is_damage(response)) co_return co_await damaged_at(from, failure);
  if (response == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
      response == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
    const auto asked = co_await open();
    if (!asked && asked.error().code() != ErrorCode::timed_out) co_return fail(asked.error());
    if (!asked) co_return stream::ReadBatch();
    if (from < marks_.first) {
      stream::ReadBatch batch;
      batch.damaged = {from, marks_.first, "removed from the brokers before they were read", true};
      co_return batch;
    }
    if (from > marks_.end) {
      co_return fail(ErrorCode::not_found,
                     "the Kafka topic " + topic_ + " ends at offset " +
                         std::to_string(marks_.end.value) + ", below offset " +
                         std::to_string(from.value) +
                         " where reading goes on: it was made anew, or the brokers lost records");
    }
  }
  co_return fail(error_of(response, "reading the Kafka topic " + topic_ + " from offset " +
                                        std::to_string(from.value)));
}

// Whether a read at `at` meets the damaged batch that begins at `base`. With a client of its own:
// after a wrong checksum librdkafka 2.0 loses its place in what the brokers sent.
io::Task<Result<bool>> PartitionReader::is_damaged_at(Offset at, Offset base) {
  MR_CO_CHECK(start(at));
  io::Clock& clock = doors_.world.clock;
  const Instant deadline = clock.now() + question_timeout;
  Fetched fetched;
  fetched.client = client_;
  for (;;) {
    fetch(fetched, at, 1);
    if (!fetched.messages.empty()) co_return false;
    if (failure_.response != 0) co_return is_damage(failure_.response) && failure_.at == base;
    if (clock.now() >= deadline) co_return fail(ErrorCode::timed_out, "no Kafka broker answers");
    co_await arrived_.wait_until(clock, deadline);
  }
}

// The offset after the damaged batch that begins at `base`, which librdkafka does not tell: looked
// for in steps that double, then halve. `from` when it can be read now.
io::Task<Result<Offset>> PartitionReader::end_of_damage(Offset from, Offset base) {
  MR_CO_CHECK(co_await open());
  Offset inside = std::max(from, base);
  Offset outside = marks_.end;
  if (inside >= outside) co_return fail(ErrorCode::corrupt, "no place that lies in the topic");
  MR_CO_TRY(const bool lasts, co_await is_damaged_at(inside, base));
  if (!lasts) co_return from;
  for (int64_t step = 1; inside + step < outside; step *= 2) {
    const Offset at = inside + step;
    MR_CO_TRY(const bool damaged, co_await is_damaged_at(at, base));
    (damaged ? inside : outside) = at;
  }
  while (outside - inside > 1) {
    const Offset at = inside + (outside - inside) / 2;
    MR_CO_TRY(const bool damaged, co_await is_damaged_at(at, base));
    (damaged ? inside : outside) = at;
  }
  co_return outside;
}

io::Task<Result<stream::ReadBatch>> PartitionReader::damaged_at(Offset from, Failure failure) {
  const Result<Offset> end = co_await end_of_damage(from, failure.at);
  stop();
  stream::ReadBatch batch;
  if (!end && end.error().code() == ErrorCode::timed_out) co_return batch;
  if (!end) co_return fail(end.error().within(failure.words));
  if (*end > from) batch.damaged = {from, *end, "on the brokers: " + failure.words};
  co_return batch;
}

stream::ReadBatch PartitionReader::batch_of(std::shared_ptr<Fetched> fetched) const {
  stream::ReadBatch batch;
  batch.records.reserve(fetched->messages.size());
  for (const rd_kafka_message_t* message : fetched->messages) {
    stream::Record record;
    record.offset = Offset(message->offset);
    rd_kafka_timestamp_type_t type;
    record.timestamp = {std::max<int64_t>(rd_kafka_message_timestamp(message, &type), 0)};
    record.key = {static_cast<const uint8_t*>(message->key), message->key_len};
    record.value = {static_cast<const uint8_t*>(message->payload), message->len};
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const char* name = nullptr;
      const void* value = nullptr;
      size_t size = 0;
      for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == 0; ++i) {
        record.headers.push_back({name, {static_cast<const uint8_t*>(value), size}});
      }
    }
    if (form_ != nullptr) {
      if (auto formed = form_->from_brokers(record)) {
        const FormedRecord& kept = fetched->formed.emplace_back(std::move(*formed));
        record.key = as_bytes(kept.key);
        record.value = as_bytes(kept.value);
        record.headers = {};
        for (const auto& [key, text] : kept.headers) {
          record.headers.push_back({key, as_bytes(text)});
        }
      }
    }
    batch.records.push_back(std::move(record));
  }
  batch.memory.push_back(std::move(fetched));
  return batch;
}

stream::ReadBatch PartitionReader::kept_from(Offset from) const {
  stream::ReadBatch batch;
  const auto first = std::ranges::lower_bound(kept_, from, {}, &stream::Record::offset);
  batch.records.assign(first, kept_.end());
  batch.memory = kept_memory_;
  return batch;
}

io::Task<Result<stream::ReadBatch>> PartitionReader::read(Offset from, size_t bytes_max,
                                                          Instant deadline) {
  if (!kept_.empty() && from >= kept_.front().offset && from <= kept_.back().offset) {
    co_return kept_from(from);
  }
  if (!client_ || from != position_) MR_CO_CHECK(start(from));
  kept_.clear();
  kept_memory_.clear();
  auto fetched = std::make_shared<Fetched>();
  fetched->client = client_;
  for (;;) {
    const bool late = doors_.world.clock.now() >= deadline;
    fetch(*fetched, from, bytes_max);
    if (!fetched->messages.empty()) break;
    if (failure_.response != 0) co_return co_await failed_at(from);
    if (late) co_return stream::ReadBatch();
    co_await arrived_.wait_until(doors_.world.clock, deadline);
  }
  stream::ReadBatch batch = batch_of(std::move(fetched));
  kept_ = batch.records;
  kept_memory_ = batch.memory;
  co_return batch;
}

io::Task<Result<Offset>> PartitionReader::first_offset() {
  MR_CO_CHECK(co_await open());
  co_return marks_.first;
}

Offset PartitionReader::end_offset() const {
  Offset end = std::max(marks_.end, position_);
  int64_t low = 0;
  int64_t high = 0;
  if (client_ && rd_kafka_get_watermark_offsets(client_->handle->get(), topic_.c_str(), partition_,
                                                &low, &high) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    end = std::max(end, Offset(high));
  }
  return end;
}

io::Task<Result<Offset>> PartitionReader::find_time(WallTime time) {
  co_return co_await doors_.worker.run(
      [this, time] { return query_time(control_, topic_, partition_, time, question_timeout); });
}

}  // namespace mr::kafka
