#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "io/wake_descriptor.h"
#include "kafka/options.h"
#include "telemetry/log_line.h"

// librdkafka's own types; its header is included in .cc files only.
struct rd_kafka_s;
struct rd_kafka_topic_s;
struct rd_kafka_queue_s;
struct rd_kafka_message_s;

namespace mr::kafka {

// What one librdkafka call said, as ours. `attempt` is what was tried on what.
Error error_of(int response, std::string_view attempt);
// Nobody answered in time: trying again later may help.
bool is_outage(int response);

// One client of librdkafka. It has threads of its own; what they have to say waits in queues until
// a descriptor wakes our loop, and every callback runs on the loop's thread.
class Handle final : io::WakeDescriptor::Listener {
 public:
  enum class Kind : uint8_t { producer, consumer };

  // Is told about things on the loop's thread; it only marks and posts.
  class Listener {
   public:
    virtual ~Listener() = default;
    // A message that was to be delivered was, or will not be.
    virtual void delivered(const rd_kafka_message_s& message) = 0;
    // Something may have arrived in a queue that was made by make_queue().
    virtual void arrived() = 0;
  };

  // Errors: invalid_input (librdkafka refuses a property; the message names it), failed.
  static Result<std::unique_ptr<Handle>> create(Kind kind, const Options& options,
                                                io::EpollLoop& loop, Listener& listener,
                                                telemetry::Logger& log);
  // Ends the client unless end_client() has.
  ~Handle() override;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  rd_kafka_s* get() const { return client_; }
  // A queue that wakes the loop. Destroyed with the handle.
  rd_kafka_queue_s* make_queue();
  // From now on the listener hears nothing. Must be called before it goes, when the handle stays.
  void silence() { listener_ = nullptr; }
  // Waits for librdkafka's threads to end: milliseconds, seconds when it is busy. Any thread, after
  // silence(); then only the destructor, on the loop's thread.
  void end_client();
  // The brokers have not answered for a while, as far as librdkafka has noticed.
  bool brokers_down() const { return brokers_down_; }
  // Why no connection comes about although somebody is there: TLS or SASL, in librdkafka's words.
  // Empty when there was no such trouble since the brokers last answered.
  const std::string& connection_refused() const { return connection_refused_; }
  // What ended the client for good; empty while it works.
  const std::string& fatal_error() const { return fatal_error_; }
  // A sign of life: logs the end of an outage.
  void brokers_answered();

  // For librdkafka's callbacks.
  void on_delivered(const rd_kafka_message_s& message);
  void on_error(int response, const char* reason);
  void on_log(int level, const char* facility, const char* text);

 private:
  Handle(io::EpollLoop& loop, Listener& listener, telemetry::Logger& log);
  void woken() override;

  Listener* listener_;
  telemetry::Logger& log_;
  io::WakeDescriptor wake_;
  rd_kafka_s* client_ = nullptr;
  rd_kafka_queue_s* main_ = nullptr;
  rd_kafka_queue_s* queue_ = nullptr;
  bool brokers_down_ = false;
  std::string connection_refused_;
  std::string fatal_error_;
};

}  // namespace mr::kafka
