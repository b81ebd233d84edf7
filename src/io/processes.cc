#include "io/processes.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "io/descriptor.h"

namespace mr::io {

namespace {

// Runs in the child between fork and exec: only async-signal-safe calls.
[[noreturn]] void become(char* const* arguments, const std::vector<int>& kept, int report,
                         pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int descriptor : kept) ::fcntl(descriptor, F_SETFD, 0);
  ::execv(arguments[0], arguments);
  const int error = errno;
  [[maybe_unused]] const ssize_t told = ::write(report, &error, sizeof error);
  ::_exit(1);
}

}  // namespace

Result<int> start_child(const ChildCommand& command) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(error_from_errno(errno, "make", "a pipe"));
  const Descriptor report_out(ends[0]);
  Descriptor report_in(ends[1]);
  std::vector<char*> arguments;
  for (const std::string& argument : command.arguments) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return fail(error_from_errno(errno, "start", command.arguments[0]));
  if (child == 0) become(arguments.data(), command.kept_descriptors, report_in.get(), parent);
  report_in.reset();
  int error = 0;
  if (::read(report_out.get(), &error, sizeof error) == sizeof error) {
    ::waitpid(child, nullptr, 0);
    return fail(error_from_errno(error, "execute", command.arguments[0]));
  }
  return child;
}

bool collect_child(ChildEnd& end) {
  int status = 0;
  const pid_t child = ::waitpid(-1, &status, WNOHANG);
  if (child <= 0) return false;
  end.process_id = child;
  end.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return true;
}

void send_signal(int process_id, int signal) {
  ::kill(process_id, signal);
}

std::string own_program() {
  char path[4096];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<size_t>(length)) : std::string();
}

}  // namespace mr::io
