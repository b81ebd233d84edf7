#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/signal.h"
#include "io/world.h"
#include "stream/log.h"
#include "telemetry/log_line.h"

namespace mr::main {

// Tells the log how far this process's consumers have come, so that retention keeps what they still
// need. It looks at their durable positions now and then: the notes may lag, they never run ahead.
// Belongs to one loop.
class ConsumerNotes {
 public:
  // What a consumer has finished, durably.
  class Position {
   public:
    virtual ~Position() = default;
    virtual Offset finished() const = 0;
  };

  ConsumerNotes(io::World world, telemetry::Logger& log)
      : world_(world), log_(log), changed_(world.loop) {}

  void add(std::unique_ptr<stream::Consumer> consumer, std::unique_ptr<Position> position) {
    entries_.push_back({std::move(consumer), std::move(position)});
  }
  // Until stop(); then the notes are written a last time.
  io::Task<void> run();
  void stop();

 private:
  struct Entry {
    std::unique_ptr<stream::Consumer> consumer;
    std::unique_ptr<Position> position;
  };
  io::Task<void> write_all();

  io::World world_;
  telemetry::Logger& log_;
  std::vector<Entry> entries_;
  bool stopping_ = false;
  io::Signal changed_;
};

}  // namespace mr::main
