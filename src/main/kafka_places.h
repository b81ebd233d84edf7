#pragma once

#include "kafka/kafka_log.h"
#include "main/process_runtime.h"

namespace mr::main {

// Whether the setting log.engine says kafka.
bool uses_kafka(const Settings& settings);

// What the settings kafka.… say. Errors: invalid_input naming the setting.
Result<kafka::Options> kafka_options(const Settings& settings);

// For `serve`, before any process starts: the topics are there, or are made, and the properties are
// valid. Brokers that do not answer are no error: `log` says so.
io::Task<Result<void>> check_kafka(io::World& world, io::EpollLoop& loop, telemetry::Logger& log,
                                   const Settings& settings);

// The log on Kafka; tasks of the process hold it too. From the moment when the process is asked to
// stop, nothing waits for brokers. A client that has failed for good ends the process, which starts
// a new one: at once, or, where a spool takes the events meanwhile, after a while and in order.
std::shared_ptr<stream::Log> open_kafka_log(ProcessRuntime& runtime);

}  // namespace mr::main
