#include "main/serve_command.h"

#include <signal.h>
#include <sys/resource.h>

#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <optional>

#include "catalog/catalog.h"
#include "http/tls_certificate.h"
#include "io/processes.h"
#include "io/real_world.h"
#include "io/signals.h"
#include "io/thread_worker.h"
#include "main/backup.h"
#include "main/capture_settings.h"
#include "main/catalog_places.h"
#include "main/commands.h"
#include "main/data_directory.h"
#include "main/expected_consumers.h"
#include "main/kafka_places.h"
#include "main/load_positions.h"
#include "main/supervisor.h"
#include "main/text_table.h"
#include "main/welcome.h"
#include "store/chdb_library.h"

namespace mr::main {

namespace {

constexpr std::string_view process_names[] = {"accept", "pipeline", "store"};

Result<std::vector<std::string>> parse_roles(std::string_view list) {
  std::vector<std::string> roles;
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    std::string_view word = list.substr(0, comma);
    if (word == "capture") word = "accept";  // by what it does
    list.remove_prefix(std::min(comma + 1, list.size()));
    const bool known = std::ranges::find(process_names, word) != std::end(process_names);
    if (!known) {
      const auto near = nearest(word, {std::begin(process_names), std::end(process_names)});
      return fail(ErrorCode::invalid_input,
                  "roles: unknown role \"" + std::string(word) + "\"" +
                      (near.empty() ? "" : "; did you mean \"" + std::string(near) + "\"?") +
                      " (accept, pipeline, store)");
    }
    roles.emplace_back(word);
  }
  if (roles.empty()) return fail(ErrorCode::invalid_input, "roles: name at least one role");
  return roles;
}

// Many idle clients must not fail for want of descriptors: use all that the system allows us.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

io::Task<Result<catalog::Snapshot>> prepare_catalog(io::World& world, DataDirectory directory,
                                                    std::string token, std::string& admin_token) {
  MR_CO_TRY(auto opened,
            co_await catalog::Catalog::open(world, {.database = directory.catalog(),
                                                    .snapshot = directory.catalog_snapshot(),
                                                    .page = directory.catalog_page(),
                                                    .project_token = std::move(token)}));
  admin_token = opened.new_admin_token;
  co_return co_await opened.catalog->snapshot();
}

// An archive there would take the log's own folders for its.
Result<void> check_archive(const std::string& archive, const DataDirectory& directory) {
  if (archive.empty()) return {};
  const std::string path = DataDirectory(archive).path() + "/";
  if (!path.starts_with(directory.log() + "/")) return {};
  return fail(ErrorCode::invalid_input,
              "log.archive is " + archive + ", which lies in the log " + directory.log() +
                  ": choose a directory outside of it, best on another disk");
}

// With more than there is capture would refuse every event.
io::Task<Result<void>> check_reserved(io::World world, const Settings& settings,
                                      DataDirectory directory) {
  if (settings.text("log.reserved_bytes") == "auto") co_return Result<void>{};
  MR_CO_TRY(const auto space, co_await world.disk.space(directory.path()));
  if (settings.bytes("log.reserved_bytes") < space.total_bytes) co_return Result<void>{};
  co_return fail(ErrorCode::invalid_input,
                 "log.reserved_bytes is " + settings.text("log.reserved_bytes") +
                     ", but the whole file system of " + directory.path() + " has " +
                     readable_bytes(space.total_bytes) + ": keep less free");
}

// Whether TLS is asked for, and can be had with the files that are named.
io::Task<Result<bool>> check_tls(io::World& world, telemetry::Logger& log,
                                 const Settings& settings) {
  const std::string& certificate = settings.text("tls.certificate");
  const std::string& key = settings.text("tls.key");
  if (certificate.empty() && key.empty()) co_return false;
  if (certificate.empty() || key.empty()) {
    co_return fail(ErrorCode::invalid_input,
                   std::string(certificate.empty() ? "tls.certificate" : "tls.key") +
                       " is missing: TLS needs both a certificate and its key");
  }
  telemetry::Metrics metrics;
  MR_CO_CHECK(co_await http::TlsCertificate(world, certificate, key, log, metrics).open());
  co_return true;
}

Result<int> take_address(const std::string& listen, const char* flag) {
  auto socket = io::RealNetwork::listen_for_child({listen});
  if (!socket && socket.error().code() == ErrorCode::already_exists) {
    return fail(ErrorCode::already_exists,
                "the address " + listen +
                    " is taken by another program: stop that, or choose another with " + flag +
                    " ADDRESS:PORT");
  }
  return socket;
}

std::vector<Supervisor::Child> make_children(const Command& command,
                                             const std::vector<std::string>& roles, int listener,
                                             std::optional<int> tls_listener) {
  std::vector<Supervisor::Child> children;
  for (const std::string& role : roles) {
    io::ChildCommand child;
    child.arguments = {io::own_program(), "process", role};
    child.arguments.insert(child.arguments.end(), command.serve_arguments.begin(),
                           command.serve_arguments.end());
    if (role == "accept") {
      child.arguments.insert(child.arguments.end(), {"--listener", std::to_string(listener)});
      child.kept_descriptors = {listener};
      if (tls_listener) {
        child.arguments.insert(child.arguments.end(),
                               {"--tls-listener", std::to_string(*tls_listener)});
        child.kept_descriptors.push_back(*tls_listener);
      }
    }
    children.push_back({role, std::move(child)});
  }
  return children;
}

io::Task<Result<bool>> serve(io::RealWorld& real, io::Signals& signals, telemetry::Logger& log,
                             const Command& command) {
  io::World world = real.world();
  const Settings& settings = command.settings;
  MR_CO_TRY(const auto roles, parse_roles(settings.text("roles")));
  const DataDirectory directory(settings.text("data"));
  MR_CO_CHECK(capture_rules(settings));
  MR_CO_TRY(const bool tls, co_await check_tls(world, log, settings));
  MR_CO_CHECK(check_archive(settings.text("log.archive"), directory));
  if (std::ranges::find(roles, "store") != roles.end()) {
    MR_CO_CHECK(store::find_chdb_library(settings.text("store.library")));
  }
  MR_CO_TRY(const auto lock, co_await open_data_directory(world.disk, directory));
  MR_CO_CHECK(co_await check_reserved(world, settings, directory));
  MR_CO_CHECK(co_await check_engine(world.disk, directory, settings.text("log.engine")));
  if (uses_kafka(settings)) MR_CO_CHECK(co_await check_kafka(world, real.loop(), log, settings));
  MR_CO_CHECK(co_await forget_old_backup(world, directory));
  if (std::ranges::find(roles, "store") != roles.end()) {
    MR_CO_CHECK(co_await repair_load_positions(world, directory, log));
  }
  if (!uses_kafka(settings)) {
    ExpectedConsumers expected{
        .roles = roles,
        .captured = static_cast<int32_t>(settings.count("capture.partitions")),
        .archive = settings.text("log.archive")};
    io::ThreadWorker worker(real.loop(), 1, "state");
    MR_CO_CHECK(co_await expect_consumers(world, worker, directory, std::move(expected)));
  }
  MR_CO_TRY(const int listener, take_address(settings.text("listen"), "--listen"));
  std::optional<int> tls_listener;
  if (tls) {
    MR_CO_TRY(tls_listener, take_address(settings.text("tls.listen"), "--tls.listen"));
  }
  std::string admin_token;
  MR_CO_TRY(
      const auto snapshot,
      co_await prepare_catalog(world, directory, settings.text("project_token"), admin_token));
  Supervisor supervisor(world, signals, log, directory.processes_file(),
                        make_children(command, roles, listener, tls_listener));
  MR_ASSERT(!snapshot.projects().empty());
  const std::string welcome = welcome_text({.program = command.program,
                                            .address = settings.text("listen"),
                                            .data = directory.path(),
                                            .project_token = snapshot.projects().front().token,
                                            .admin_token = admin_token});
  std::fwrite(welcome.data(), 1, welcome.size(), stdout);
  std::fflush(stdout);
  const bool orderly = co_await supervisor.run();
  ::close(listener);
  if (tls_listener) ::close(*tls_listener);
  co_return orderly;
}

}  // namespace

int run_serve(const Command& command) {
  raise_descriptor_limit();
  // Signals are blocked before the world's threads start, so that they reach us as values.
  io::block_signals({SIGTERM, SIGINT, SIGCHLD});
  io::RealWorld real;
  io::Signals signals(real.loop(), {SIGTERM, SIGINT, SIGCHLD});
  const auto format = telemetry::parse_log_format(command.settings.text("log.format"));
  const auto log = telemetry::Logger::to_stderr("supervisor", *format, telemetry::Severity::info);
  int code = 1;
  struct Runner {
    static io::Task<void> run(io::RealWorld& real, io::Signals& signals, telemetry::Logger& log,
                              const Command& command, int& code) {
      const auto ended = co_await serve(real, signals, log, command);
      code = ended ? (*ended ? 0 : 1) : report(ended.error());
    }
  };
  real.run(Runner::run(real, signals, *log, command, code));
  return code;
}

}  // namespace mr::main
