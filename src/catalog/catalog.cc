#include "catalog/catalog.h"

#include <algorithm>
#include <optional>

#include "base/assert.h"
#include "catalog/traffic_tables.h"
#include "codec/utf8.h"
#include "io/clock.h"
#include "io/random.h"
#include "sqlite/sqlite.h"

namespace mr::catalog {
namespace {

constexpr size_t token_random_length = 43;

const sqlite::Migration migrations[] = {
    {1,
     "CREATE TABLE projects ("
     "  id BIGINT PRIMARY KEY,"
     "  name TEXT NOT NULL UNIQUE,"
     "  token TEXT NOT NULL UNIQUE,"
     "  created_at BIGINT NOT NULL);"
     "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
     "INSERT INTO settings VALUES ('revision', '0'), ('admin_token_hash', '');"},
    {2, traffic_tables_sql},
};

Result<void> check_new_project(const std::string& name, const std::string& token) {
  if (name.empty() || name.size() > project_name_bytes_max || !codec::is_valid_utf8(name)) {
    return fail(ErrorCode::invalid_input, "a project's name is text of 1 to " +
                                              std::to_string(project_name_bytes_max) + " bytes");
  }
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < ' ') {
      return fail(ErrorCode::invalid_input, "a project's name has no control characters");
    }
  }
  if (const std::string_view fault = token_fault(token); !fault.empty()) {
    return fail(ErrorCode::invalid_input, std::string(fault));
  }
  return {};
}

}  // namespace

// The database behind the worker: every method blocks.
class Catalog::Store {
 public:
  explicit Store(sqlite::Database database) : database_(std::move(database)) {}

  static Result<std::unique_ptr<Store>> open(const std::string& path) {
    MR_TRY(sqlite::Database database, sqlite::Database::open(path));
    MR_CHECK(sqlite::migrate(database, "the catalog", migrations));
    return std::make_unique<Store>(std::move(database));
  }

  // First start: makes the project and the admin token. Later: checks `wanted_token`. Yields
  // whether the admin token is new.
  Result<bool> prepare(const std::string& wanted_token, const std::string& generated_token,
                       const std::string& admin_token, WallTime now) {
    MR_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(database_));
    MR_TRY(const Snapshot present, read());
    const bool first = present.projects().empty();
    if (first) {
      const std::string& token = wanted_token.empty() ? generated_token : wanted_token;
      MR_CHECK(insert(std::string(first_project_name), token, now));
    } else if (!wanted_token.empty() && present.find_token(wanted_token) == nullptr) {
      return fail(ErrorCode::invalid_input,
                  "no project of this data directory has the token " + wanted_token +
                      ": a project token is set at the first start, later ones are added with "
                      "`millrace project add NAME --token TOKEN`");
    }
    const bool new_admin = present.admin_token_hash().empty();
    if (new_admin) MR_CHECK(set("admin_token_hash", hash_token(admin_token)));
    if (first || new_admin) MR_CHECK(raise_revision(present));
    MR_CHECK(transaction.commit());
    return new_admin;
  }

  Result<Project> add(const std::string& name, const std::string& token, WallTime now) {
    MR_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(database_));
    MR_TRY(const Snapshot present, read());
    for (const Project& project : present.projects()) {
      if (project.name == name) {
        return fail(ErrorCode::already_exists, "there is already a project named " + name);
      }
      if (project.token == token) {
        return fail(ErrorCode::already_exists, "project " + project.name + " has that token");
      }
    }
    MR_TRY(Project added, insert(name, token, now));
    MR_CHECK(raise_revision(present));
    MR_CHECK(transaction.commit());
    return added;
  }

  Result<void> set_admin_token(const std::string& token) {
    MR_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(database_));
    MR_TRY(const Snapshot present, read());
    MR_CHECK(set("admin_token_hash", hash_token(token)));
    MR_CHECK(raise_revision(present));
    return transaction.commit();
  }

  // Changes rules of a project that there must be, in one transaction.
  template <typename Change>
  Result<void> change_rules(std::optional<ProjectId> project, const Change& change) {
    MR_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(database_));
    MR_TRY(const Snapshot present, read());
    const auto& projects = present.projects();
    if (project && std::ranges::find(projects, *project, &Project::id) == projects.end()) {
      return fail(ErrorCode::invalid_input,
                  "there is no project with the id " + std::to_string(project->value));
    }
    MR_CHECK(change(database_));
    MR_CHECK(raise_revision(present));
    return transaction.commit();
  }

  Result<Snapshot> read() {
    MR_TRY(sqlite::Statement settings,
           database_.prepare("SELECT (SELECT value FROM settings WHERE name = 'revision'),"
                             " (SELECT value FROM settings WHERE name = 'admin_token_hash')"));
    MR_TRY(const bool found, settings.step());
    MR_ASSERT(found);
    const uint64_t revision = static_cast<uint64_t>(settings.integer(0));
    std::string admin_token_hash(settings.text(1));
    MR_TRY(sqlite::Statement rows,
           database_.prepare("SELECT id, name, token, created_at FROM projects ORDER BY id"));
    std::vector<Project> projects;
    for (;;) {
      MR_TRY(const bool more, rows.step());
      if (!more) break;
      projects.push_back({ProjectId(rows.integer(0)), std::string(rows.text(1)),
                          std::string(rows.text(2)), WallTime{rows.integer(3)}});
    }
    MR_TRY(std::vector<Quota> quotas, read_quotas(database_));
    MR_TRY(std::vector<Restriction> restrictions, read_restrictions(database_));
    return Snapshot(revision, std::move(projects), std::move(admin_token_hash), std::move(quotas),
                    std::move(restrictions));
  }

 private:
  Result<Project> insert(const std::string& name, const std::string& token, WallTime now) {
    MR_TRY(sqlite::Statement next, database_.prepare("SELECT coalesce(max(id), 0) FROM projects"));
    MR_TRY(const bool found, next.step());
    MR_ASSERT(found);
    Project project{ProjectId(next.integer(0) + 1), name, token, now};
    next.reset();
    MR_TRY(sqlite::Statement statement,
           database_.prepare("INSERT INTO projects (id, name, token, created_at)"
                             " VALUES (?, ?, ?, ?)"));
    statement.bind(1, project.id.value).bind(2, name).bind(3, token).bind(4, now.millis);
    MR_CHECK(statement.run());
    return project;
  }

  Result<void> set(std::string_view name, const std::string& value) {
    MR_TRY(sqlite::Statement statement,
           database_.prepare("UPDATE settings SET value = ? WHERE name = ?"));
    return statement.bind(1, value).bind(2, name).run();
  }

  Result<void> raise_revision(const Snapshot& present) {
    return set("revision", std::to_string(present.revision() + 1));
  }

  sqlite::Database database_;
};

std::string generate_token(io::Random& random, std::string_view prefix) {
  constexpr std::string_view digits =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string token(prefix);
  const size_t length = prefix.size() + token_random_length;
  while (token.size() < length) {
    // Six bits at a time; values beyond the alphabet are thrown away so that all digits are
    // equally likely.
    for (uint64_t bits = random.next(), i = 0; i < 10 && token.size() < length; ++i, bits >>= 6) {
      if ((bits & 63) < digits.size()) token += digits[bits & 63];
    }
  }
  return token;
}

Catalog::Catalog(io::World& world, CatalogOptions options)
    : world_(world), options_(std::move(options)), written_(world.loop) {
}

Catalog::~Catalog() = default;

io::Task<Result<Catalog::Opened>> Catalog::open(io::World& world, CatalogOptions options) {
  if (!options.project_token.empty()) {
    if (const std::string_view fault = token_fault(options.project_token); !fault.empty()) {
      co_return fail(ErrorCode::invalid_input,
                     "the project token cannot be used: " + std::string(fault));
    }
  }
  Opened opened;
  opened.catalog.reset(new Catalog(world, std::move(options)));
  Catalog& self = *opened.catalog;
  std::string admin_token = generate_token(world.random, admin_token_prefix);
  const std::string project_token = generate_token(world.random, project_token_prefix);
  const WallTime now = world.clock.wall();
  const CatalogOptions& settings = self.options_;
  MR_CO_TRY(self.store_,
            co_await world.worker.run([&settings] { return Store::open(settings.database); }));
  Store& store = *self.store_;
  MR_CO_TRY(const bool new_admin, co_await world.worker.run([&] {
    return store.prepare(settings.project_token, project_token, admin_token, now);
  }));
  if (new_admin) opened.new_admin_token = std::move(admin_token);
  MR_CO_TRY(self.page_, co_await world.disk.map_shared(settings.page));
  // Also when nothing has changed: a crash may have come between the commit and the file.
  MR_CO_CHECK(co_await self.publish());
  co_return opened;
}

io::Task<Result<Project>> Catalog::add_project(std::string name, std::string token) {
  if (token.empty()) token = generate_token(world_.random, project_token_prefix);
  MR_CO_CHECK(check_new_project(name, token));
  Store& store = *store_;
  const WallTime now = world_.clock.wall();
  MR_CO_TRY(Project added, co_await world_.worker.run([&] { return store.add(name, token, now); }));
  MR_CO_CHECK(co_await publish());
  co_return added;
}

io::Task<Result<void>> Catalog::set_quota(Quota quota) {
  if (quota.limit < 0) {
    co_return fail(ErrorCode::invalid_input, "a quota's limit is a number from 0 on");
  }
  Store& store = *store_;
  const auto write = [&quota](sqlite::Database& database) { return write_quota(database, quota); };
  MR_CO_CHECK(co_await world_.worker.run([&] { return store.change_rules(quota.project, write); }));
  co_return co_await publish();
}

io::Task<Result<void>> Catalog::remove_quota(ProjectId project, Resource resource) {
  Store& store = *store_;
  const auto erase = [&](sqlite::Database& database) -> Result<void> {
    MR_TRY(const bool erased, erase_quota(database, project, resource));
    if (erased) return {};
    return fail(ErrorCode::not_found, "project " + std::to_string(project.value) +
                                          " has no quota for " + std::string(to_string(resource)));
  };
  MR_CO_CHECK(co_await world_.worker.run([&] { return store.change_rules(project, erase); }));
  co_return co_await publish();
}

io::Task<Result<Restriction>> Catalog::add_restriction(Restriction restriction) {
  for (const std::string* text : {&restriction.distinct_id, &restriction.event}) {
    if (text->size() > restriction_text_bytes_max || !codec::is_valid_utf8(*text)) {
      co_return fail(ErrorCode::invalid_input,
                     "a restriction's distinct id and event are texts of at most " +
                         std::to_string(restriction_text_bytes_max) + " bytes");
    }
  }
  restriction.created_at = world_.clock.wall();
  Store& store = *store_;
  const auto write = [&restriction](sqlite::Database& database) -> Result<void> {
    MR_TRY(restriction, write_restriction(database, restriction));
    return {};
  };
  MR_CO_CHECK(
      co_await world_.worker.run([&] { return store.change_rules(restriction.project, write); }));
  MR_CO_CHECK(co_await publish());
  co_return restriction;
}

io::Task<Result<void>> Catalog::remove_restriction(int64_t id) {
  Store& store = *store_;
  const auto erase = [id](sqlite::Database& database) -> Result<void> {
    MR_TRY(const bool erased, erase_restriction(database, id));
    if (erased) return {};
    return fail(ErrorCode::not_found, "there is no restriction with the id " + std::to_string(id));
  };
  MR_CO_CHECK(co_await world_.worker.run([&] { return store.change_rules({}, erase); }));
  co_return co_await publish();
}

io::Task<Result<std::vector<Project>>> Catalog::list_projects() {
  MR_CO_TRY(const Snapshot present, co_await snapshot());
  co_return present.projects();
}

io::Task<Result<Snapshot>> Catalog::snapshot() {
  Store& store = *store_;
  co_return co_await world_.worker.run([&store] { return store.read(); });
}

io::Task<Result<std::string>> Catalog::renew_admin_token() {
  std::string token = generate_token(world_.random, admin_token_prefix);
  Store& store = *store_;
  MR_CO_CHECK(co_await world_.worker.run([&] { return store.set_admin_token(token); }));
  MR_CO_CHECK(co_await publish());
  co_return token;
}

io::Task<Result<void>> Catalog::publish() {
  MR_CO_TRY(const Snapshot present, co_await snapshot());
  co_return co_await write_snapshot(present.revision());
}

io::Task<Result<void>> Catalog::write_snapshot(uint64_t revision) {
  while (written_revision_ < revision) {
    if (writing_) {
      co_await written_.wait();
      continue;
    }
    writing_ = true;
    Result<Snapshot> newest = co_await snapshot();
    Result<void> replaced;
    if (newest) {
      replaced = co_await io::replace_file(world_.disk, options_.snapshot, newest->serialize());
    } else {
      replaced = fail(newest.error());
    }
    writing_ = false;
    written_.notify();
    if (!replaced) co_return fail(replaced.error().within("writing the catalog snapshot"));
    written_revision_ = newest->revision();
    page_->publish(0, written_revision_);
  }
  co_return Result<void>();
}

}  // namespace mr::catalog
