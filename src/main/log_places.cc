#include "main/log_places.h"

#include "log/embedded_log.h"
#include "log/partition.h"

namespace mr::main {

std::unique_ptr<stream::Log> open_log(ProcessRuntime& runtime) {
  log::AppenderOptions options;
  options.segment_bytes_max = runtime.settings().bytes("log.segment_bytes");
  options.reserved_bytes = runtime.settings().bytes("log.reserved_bytes");
  options.logger = &runtime.log();
  return std::make_unique<log::EmbeddedLog>(runtime.world(), runtime.directory().log(), options);
}

std::unique_ptr<stream::Checkpoints> open_positions(ProcessRuntime& runtime, io::Path folder) {
  return log::open_checkpoints(runtime.world(), std::move(folder));
}

}  // namespace mr::main
