#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/snapshot.h"
#include "io/disk.h"
#include "io/signal.h"
#include "io/task.h"
#include "io/worker.h"
#include "io/world.h"

namespace mr::catalog {

struct CatalogOptions {
  io::Path database = "catalog.db";
  io::Path snapshot = "catalog.snapshot";
  // The shared page whose word 0 tells the newest revision; its folder must exist.
  io::Path page = "run/catalog.page";
  // The first project's token; empty: one is generated. On a later start it must be the token of a
  // known project.
  std::string project_token;
};

// A project's name has at most this many bytes.
inline constexpr size_t project_name_bytes_max = 200;
inline constexpr std::string_view first_project_name = "Default project";

// What people configure, in SQLite, and its snapshot for accept. One object a process, on one loop;
// several processes may have the database open. `world.worker` must run its jobs one at a time.
class Catalog {
 public:
  struct Opened {
    std::unique_ptr<Catalog> catalog;
    // Set when this call has made the admin token: the only time that it can be shown.
    std::string new_admin_token;
  };
  // Opens the database, made with a first project and an admin token when it is new, and writes
  // the snapshot. Errors: unsupported (a newer schema), invalid_input (project_token), io_failed.
  static io::Task<Result<Opened>> open(io::World& world, CatalogOptions options);
  ~Catalog();

  // Adds a project; an empty token means a generated one. Durable, and in the snapshot, when it
  // completes. Errors: already_exists (names which of name and token), invalid_input.
  io::Task<Result<Project>> add_project(std::string name, std::string token);
  // All projects by rising id.
  io::Task<Result<std::vector<Project>>> list_projects();
  // Sets the quota of a project for a resource, or, without one, lifts it. What follows takes
  // effect in accept within a second or so. Errors: invalid_input (no such project, below 0),
  // not_found (nothing to lift).
  io::Task<Result<void>> set_quota(Quota quota);
  io::Task<Result<void>> remove_quota(ProjectId project, Resource resource);
  // Adds a restriction; id and time are given here. Errors: invalid_input, not_found.
  io::Task<Result<Restriction>> add_restriction(Restriction restriction);
  io::Task<Result<void>> remove_restriction(int64_t id);
  // Projects, rules and admin token hash as they are now.
  io::Task<Result<Snapshot>> snapshot();
  // Replaces a lost admin token and yields the new one, which is not stored.
  io::Task<Result<std::string>> renew_admin_token();

 private:
  class Store;
  Catalog(io::World& world, CatalogOptions options);
  // Writes the snapshot file as the database is now.
  io::Task<Result<void>> publish();
  // Writes the snapshot file until it is at least of `revision`. Any number of callers.
  io::Task<Result<void>> write_snapshot(uint64_t revision);

  io::World& world_;
  CatalogOptions options_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<io::SharedPage> page_;
  uint64_t written_revision_ = 0;
  bool writing_ = false;
  io::Signal written_;
};

// `prefix` and 43 characters of 0-9A-Za-z: 256 bits of `random`.
std::string generate_token(io::Random& random, std::string_view prefix);
inline constexpr std::string_view project_token_prefix = "phc_";
inline constexpr std::string_view admin_token_prefix = "mra_";

}  // namespace mr::catalog
