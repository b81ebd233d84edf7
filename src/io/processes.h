#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace mr::io {

// A child process to start. The child gets our standard streams, an empty signal mask, a SIGTERM
// when we die, and no other descriptors than those named.
struct ChildCommand {
  std::vector<std::string> arguments;  // arguments[0] is the program's path
  std::vector<int> kept_descriptors;   // keep their numbers in the child
};

// Starts it and yields its process id. Errors: the program cannot be executed.
Result<int> start_child(const ChildCommand& command);

// How a child ended.
struct ChildEnd {
  int process_id = 0;
  int exit_code = 0;  // when signal is 0
  int signal = 0;     // what killed it, or 0
};

// Collects one child that has ended, if there is one. Never blocks.
bool collect_child(ChildEnd& end);

void send_signal(int process_id, int signal);

// The path of the running program itself.
std::string own_program();

}  // namespace mr::io
