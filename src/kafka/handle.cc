#include "kafka/handle.h"

#include <librdkafka/rdkafka.h>

namespace mr::kafka {

namespace {

constexpr uint64_t wake_word = 1;
constexpr size_t error_text_max = 512;
constexpr int syslog_error = 3;

void delivery_callback(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  static_cast<Handle*>(opaque)->on_delivered(*message);
}

void error_callback(rd_kafka_t*, int response, const char* reason, void* opaque) {
  static_cast<Handle*>(opaque)->on_error(response, reason);
}

void log_callback(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  static_cast<Handle*>(rd_kafka_opaque(client))->on_log(level, facility, text);
}

// Ours, before the user's. The times make an outage and its end noticed within seconds.
std::vector<Property> own_properties(Handle::Kind kind, const Options& options) {
  std::vector<Property> properties = {
      {"bootstrap.servers", options.brokers},
      {"client.id", "millrace"},
      {"log.queue", "true"},
      {"log_level", "4"},
      {"reconnect.backoff.ms", "100"},
      {"reconnect.backoff.max.ms", "1000"},
      {"socket.timeout.ms", "10000"},
      {"socket.connection.setup.timeout.ms", "5000"},
      {"socket.nagle.disable", "true"},
      {"message.max.bytes", std::to_string(options.record_bytes_max + 64 * 1024)},
  };
  if (kind == Handle::Kind::producer) {
    const std::vector<Property> more = {
        {"enable.idempotence", "true"},
        {"acks", "all"},
        // The bound is ours, by bytes: see PartitionAppender.
        {"queue.buffering.max.messages", "10000000"},
        {"queue.buffering.max.kbytes", "2097151"},
        {"request.timeout.ms", "10000"},
        {"message.timeout.ms", std::to_string(options.append_timeout.count)},
    };
    properties.insert(properties.end(), more.begin(), more.end());
  } else {
    const std::vector<Property> more = {
        {"group.id", "millrace"},  // librdkafka wants one; nothing joins or commits
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"},
        {"allow.auto.create.topics", "false"},
        {"check.crcs", "true"},
        {"fetch.error.backoff.ms", "100"},
        {"queued.max.messages.kbytes", std::to_string(options.read_ahead_bytes / 1024)},
    };
    properties.insert(properties.end(), more.begin(), more.end());
  }
  return properties;
}

Result<void> set_property(rd_kafka_conf_t* conf, const Property& property) {
  char text[error_text_max];
  const auto outcome =
      rd_kafka_conf_set(conf, property.first.c_str(), property.second.c_str(), text, sizeof text);
  if (outcome == RD_KAFKA_CONF_OK) return {};
  // librdkafka's own words may hold the value, which may be a secret.
  return fail(ErrorCode::invalid_input,
              outcome == RD_KAFKA_CONF_UNKNOWN
                  ? "kafka.rdkafka: librdkafka has no property \"" + property.first + "\""
                  : "kafka.rdkafka: librdkafka refuses this value of \"" + property.first + "\"");
}

Result<rd_kafka_conf_t*> make_conf(Handle::Kind kind, const Options& options, Handle* self) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::vector<Property> properties = own_properties(kind, options);
  properties.insert(properties.end(), options.properties.begin(), options.properties.end());
  for (const Property& property : properties) {
    if (auto set = set_property(conf, property); !set) {
      rd_kafka_conf_destroy(conf);
      return fail(set.error());
    }
  }
  rd_kafka_conf_set_opaque(conf, self);
  rd_kafka_conf_set_error_cb(conf, error_callback);
  rd_kafka_conf_set_log_cb(conf, log_callback);
  if (kind == Handle::Kind::producer) rd_kafka_conf_set_dr_msg_cb(conf, delivery_callback);
  return conf;
}

}  // namespace

bool is_outage(int response) {
  switch (response) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
      return true;
    default:
      return false;
  }
}

Error error_of(int response, std::string_view attempt) {
  const auto code = static_cast<rd_kafka_resp_err_t>(response);
  ErrorCode ours = is_outage(response) ? ErrorCode::timed_out : ErrorCode::io_failed;
  switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      ours = ErrorCode::not_found;
      break;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      ours = ErrorCode::unauthorized;
      break;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      ours = ErrorCode::too_large;
      break;
    // The topic's settings or a policy of the brokers forbid this record, however often it comes.
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
      ours = ErrorCode::unsupported;
      break;
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      ours = ErrorCode::busy;
      break;
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
    case RD_KAFKA_RESP_ERR__DESTROY:
      ours = ErrorCode::closed;
      break;
    default:
      break;
  }
  return {ours, std::string(attempt) + ": " + rd_kafka_err2str(code)};
}

Handle::Handle(io::EpollLoop& loop, Listener& listener, telemetry::Logger& log)
    : listener_(&listener), log_(log), wake_(loop, *this) {
}

Result<std::unique_ptr<Handle>> Handle::create(Kind kind, const Options& options,
                                               io::EpollLoop& loop, Listener& listener,
                                               telemetry::Logger& log) {
  std::unique_ptr<Handle> handle(new Handle(loop, listener, log));
  MR_TRY(rd_kafka_conf_t * conf, make_conf(kind, options, handle.get()));
  char text[error_text_max];
  handle->client_ = rd_kafka_new(kind == Kind::producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER,
                                 conf, text, sizeof text);
  if (handle->client_ == nullptr) {
    rd_kafka_conf_destroy(conf);
    return fail(ErrorCode::failed, "cannot start a Kafka client: " + std::string(text));
  }
  rd_kafka_set_log_queue(handle->client_, nullptr);
  handle->main_ = rd_kafka_queue_get_main(handle->client_);
  rd_kafka_queue_io_event_enable(handle->main_, handle->wake_.descriptor(), &wake_word,
                                 sizeof wake_word);
  handle->woken();  // what came before the descriptor was known
  return handle;
}

Handle::~Handle() {
  end_client();
}

void Handle::end_client() {
  if (client_ == nullptr) return;
  for (rd_kafka_queue_s* queue : {main_, queue_}) {
    if (queue == nullptr) continue;
    rd_kafka_queue_io_event_enable(queue, -1, nullptr, 0);
    rd_kafka_queue_destroy(queue);
  }
  rd_kafka_destroy_flags(client_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  client_ = nullptr;
}

rd_kafka_queue_s* Handle::make_queue() {
  queue_ = rd_kafka_queue_new(client_);
  rd_kafka_queue_io_event_enable(queue_, wake_.descriptor(), &wake_word, sizeof wake_word);
  return queue_;
}

void Handle::woken() {
  if (listener_ == nullptr || client_ == nullptr) return;  // in this order: see end_client()
  while (rd_kafka_poll(client_, 0) > 0) {
  }
  listener_->arrived();
}

void Handle::brokers_answered() {
  connection_refused_.clear();
  if (!brokers_down_) return;
  brokers_down_ = false;
  log_.info("the Kafka brokers answer again");
}

void Handle::on_delivered(const rd_kafka_message_s& message) {
  if (listener_ != nullptr) listener_->delivered(message);
}

void Handle::on_error(int response, const char* reason) {
  if (response == RD_KAFKA_RESP_ERR__SSL || response == RD_KAFKA_RESP_ERR__AUTHENTICATION) {
    connection_refused_ = reason;
  }
  if (response == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    if (!brokers_down_) log_.error("no Kafka broker answers", {{"error", reason}});
    brokers_down_ = true;
  } else if (response == RD_KAFKA_RESP_ERR__FATAL) {
    char text[error_text_max];
    rd_kafka_fatal_error(client_, text, sizeof text);
    fatal_error_ = text;
    log_.error("the Kafka client has failed for good", {{"error", text}});
  } else if (!is_outage(response)) {
    log_.error("Kafka", {{"error", reason}});
  }
}

void Handle::on_log(int level, const char* facility, const char* text) {
  const std::string_view name(facility);
  // An outage repeats these with every attempt to connect; on_error says it once.
  if (name == "FAIL" || name == "ERROR" || name == "REQTMOUT" || name == "CONFWARN") {
    log_.debug("librdkafka", {{"facility", name}, {"text", text}});
  } else if (level <= syslog_error) {
    log_.error("librdkafka", {{"facility", name}, {"text", text}});
  } else {
    log_.warning("librdkafka", {{"facility", name}, {"text", text}});
  }
}

}  // namespace mr::kafka
