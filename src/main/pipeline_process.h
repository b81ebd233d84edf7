#pragma once

#include "main/process_runtime.h"

namespace mr::main {

// The pipeline process: ingests what accept has captured, keeps the catalog, and answers the
// control API on control.sock (trusted) and run/api.sock (with the admin token). Runs until it is
// asked to stop; then the batch in hand is finished.
io::Task<void> run_pipeline_process(ProcessRuntime& runtime);

}  // namespace mr::main
