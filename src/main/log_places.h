#pragma once

#include <array>
#include <memory>

#include "event/lane.h"
#include "log/embedded_log.h"
#include "main/process_runtime.h"
#include "stream/log.h"

namespace mr::main {

// A topic that two processes write has a partition for each: accept and pipeline write the first,
// the store process the second.
inline constexpr int32_t first_partition = 0;
inline constexpr int32_t store_partition = 1;

// The server's log, with the engine and the settings in force.
std::shared_ptr<stream::Log> open_log(ProcessRuntime& runtime);

// The same for what always lies on this machine, whichever engine is in force.
std::unique_ptr<log::EmbeddedLog> open_embedded_log(ProcessRuntime& runtime);

// A partition for appending. One of our own log that cannot be opened refuses what would go there
// with a reason, and is tried again, beside the others; on Kafka only a configuration that cannot
// work is an error, which ends the process.
io::Task<std::unique_ptr<stream::Appender>> open_patiently(ProcessRuntime& runtime,
                                                           stream::Log& log,
                                                           stream::TopicPartition which);

// How many partitions the topic of each lane has, in the order of event::Lane.
using LanePartitions = std::array<int32_t, event::all_lanes.size()>;

// As many for each as `capture.partitions` says.
LanePartitions configured_lane_partitions(const Settings& settings);

// As many, or as there are already, if those are more. Errors: timed_out when no broker answers,
// and others of the log.
io::Task<Result<LanePartitions>> lane_partitions(ProcessRuntime& runtime, stream::Log& log);
// The same; brokers that do not answer are asked again until they do or the process is to end.
io::Task<Result<LanePartitions>> wait_for_lane_partitions(ProcessRuntime& runtime,
                                                          stream::Log& log);

// Asks the process to end, so that it starts again, when a lane's topic on Kafka has not the
// `served` partitions that the process took it to have: at the start, while no broker answered, or
// because some were added since. Ends when the process is to end. Our own log never changes so.
io::Task<void> follow_lane_partitions(ProcessRuntime& runtime, stream::Log& log,
                                      LanePartitions served);

// Consumers' positions that are kept as files in a folder.
std::unique_ptr<stream::Checkpoints> open_positions(ProcessRuntime& runtime, io::Path folder);

}  // namespace mr::main
