#pragma once

#include "main/process_runtime.h"

namespace mr::main {

// The store process: the warehouse lives here, finished rows are loaded into it, and queries are
// answered on run/store.sock. Runs until it is asked to stop.
io::Task<void> run_store_process(ProcessRuntime& runtime);

}  // namespace mr::main
