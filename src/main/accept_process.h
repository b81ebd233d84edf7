#pragma once

#include "main/process_runtime.h"

namespace mr::main {

// The accept process: clients' events into the log, on the inherited listening socket. Needs
// nothing of the other processes. Runs until it is asked to stop; then what is under way is
// answered.
io::Task<void> run_accept_process(ProcessRuntime& runtime, int listener, int tls_listener);

}  // namespace mr::main
