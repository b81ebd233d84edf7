#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/strong.h"
#include "base/time.h"
#include "catalog/traffic_rules.h"

namespace mr::catalog {

// Who owns events: clients name a project by its token.
struct Project {
  ProjectId id;
  std::string name;
  std::string token;
  WallTime created_at;
};

// What accept needs to know of the catalog, in one small file: the projects with their quotas and
// restrictions, and the hash of the admin token. The bytes are described in
// docs/formats/catalog_snapshot.md. An immutable value.
class Snapshot {
 public:
  // The version that serialize() writes and the newest that parse() reads.
  static constexpr uint32_t version = 2;
  // A snapshot file above this is refused.
  static constexpr uint64_t bytes_max = 64 * 1024 * 1024;

  Snapshot() = default;
  // `revision` rises with every change; `admin_token_hash` is hash_token() of the admin token.
  // Quotas and restrictions come in any order.
  Snapshot(uint64_t revision, std::vector<Project> projects, std::string admin_token_hash,
           std::vector<Quota> quotas = {}, std::vector<Restriction> restrictions = {});

  // Errors: corrupt (checksum, length), unsupported (a newer version; the message names it).
  static Result<Snapshot> parse(ByteView bytes);
  Bytes serialize() const;

  // The project with exactly that token, or null. Valid as long as the snapshot.
  const Project* find_token(std::string_view token) const;
  // In constant time for tokens of one length.
  bool admin_token_matches(std::string_view token) const;

  uint64_t revision() const { return revision_; }
  // By rising id.
  const std::vector<Project>& projects() const { return projects_; }
  // By project; the second form only those of one.
  const std::vector<Quota>& quotas() const { return quotas_; }
  std::span<const Quota> quotas_of(ProjectId project) const;
  const std::vector<Restriction>& restrictions() const { return restrictions_; }
  std::span<const Restriction> restrictions_of(ProjectId project) const;
  const std::string& admin_token_hash() const { return admin_token_hash_; }

 private:
  uint64_t revision_ = 0;
  std::vector<Project> projects_;
  std::string admin_token_hash_;
  std::unordered_map<std::string, size_t> by_token_;
  std::vector<Quota> quotas_;
  std::vector<Restriction> restrictions_;
};

// SHA-256 of the token in lower-case hex: what is stored instead of it.
std::string hash_token(std::string_view token);

// Why `token` cannot be a project's token, or nothing when it can: the shape that capture asks of
// tokens (not empty, at most 64 bytes, printable ASCII without blanks, no personal key `phx_`).
std::string_view token_fault(std::string_view token);
inline constexpr size_t token_bytes_max = 64;

}  // namespace mr::catalog
