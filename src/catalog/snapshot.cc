#include "catalog/snapshot.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "codec/byte_reader.h"
#include "codec/byte_writer.h"
#include "codec/checked_block.h"
#include "codec/hex.h"

namespace mr::catalog {
namespace {

constexpr codec::BlockKind file_kind{"MRCATSNP", Snapshot::version, "catalog snapshot"};
// Version 1 ends behind the projects.
constexpr uint32_t version_with_rules = 2;

template <typename Rule>
std::span<const Rule> rules_of(const std::vector<Rule>& rules, ProjectId project) {
  const auto found = std::ranges::equal_range(rules, project, {}, &Rule::project);
  return {found.begin(), found.end()};
}

void put_rules(Bytes& body, const Snapshot& snapshot) {
  codec::put_unsigned_varlong(body, snapshot.quotas().size());
  for (const Quota& quota : snapshot.quotas()) {
    codec::put_varlong(body, quota.project.value);
    codec::put_u8(body, static_cast<uint8_t>(quota.resource));
    codec::put_u8(body, static_cast<uint8_t>(quota.period));
    codec::put_varlong(body, quota.limit);
  }
  codec::put_unsigned_varlong(body, snapshot.restrictions().size());
  for (const Restriction& restriction : snapshot.restrictions()) {
    codec::put_varlong(body, restriction.id);
    codec::put_varlong(body, restriction.project.value);
    codec::put_u8(body, static_cast<uint8_t>(restriction.action));
    codec::put_sized_text(body, restriction.distinct_id);
    codec::put_sized_text(body, restriction.event);
    codec::put_varlong(body, restriction.created_at.millis);
  }
}

std::vector<Quota> read_quotas(codec::ByteReader& reader) {
  std::vector<Quota> quotas;
  const uint64_t count = reader.unsigned_varlong();
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    Quota quota;
    quota.project = ProjectId(reader.varlong());
    quota.resource = static_cast<Resource>(reader.u8());
    quota.period = static_cast<Period>(reader.u8());
    quota.limit = reader.varlong();
    quotas.push_back(quota);
  }
  return quotas;
}

std::vector<Restriction> read_restrictions(codec::ByteReader& reader) {
  std::vector<Restriction> restrictions;
  const uint64_t count = reader.unsigned_varlong();
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    Restriction restriction;
    restriction.id = reader.varlong();
    restriction.project = ProjectId(reader.varlong());
    restriction.action = static_cast<RestrictionAction>(reader.u8());
    restriction.distinct_id = reader.sized_text();
    restriction.event = reader.sized_text();
    restriction.created_at = WallTime{reader.varlong()};
    restrictions.push_back(std::move(restriction));
  }
  return restrictions;
}

}  // namespace

Snapshot::Snapshot(uint64_t revision, std::vector<Project> projects, std::string admin_token_hash,
                   std::vector<Quota> quotas, std::vector<Restriction> restrictions)
    : revision_(revision),
      projects_(std::move(projects)),
      admin_token_hash_(std::move(admin_token_hash)),
      quotas_(std::move(quotas)),
      restrictions_(std::move(restrictions)) {
  std::ranges::sort(quotas_, {},
                    [](const Quota& one) { return std::pair(one.project.value, one.resource); });
  std::ranges::sort(restrictions_, {},
                    [](const Restriction& one) { return std::pair(one.project.value, one.id); });
  for (size_t i = 0; i < projects_.size(); ++i) by_token_.emplace(projects_[i].token, i);
}

Bytes Snapshot::serialize() const {
  Bytes body;
  codec::put_u64_le(body, revision_);
  codec::put_sized_text(body, admin_token_hash_);
  codec::put_unsigned_varlong(body, projects_.size());
  for (const Project& project : projects_) {
    codec::put_varlong(body, project.id.value);
    codec::put_sized_text(body, project.name);
    codec::put_sized_text(body, project.token);
    codec::put_varlong(body, project.created_at.millis);
  }
  put_rules(body, *this);
  return codec::seal_block(file_kind, body);
}

Result<Snapshot> Snapshot::parse(ByteView bytes) {
  MR_TRY(const codec::OpenedBlock block, codec::open_block(file_kind, bytes));
  codec::ByteReader reader(block.body);
  const uint64_t revision = reader.u64_le();
  std::string admin_token_hash(reader.sized_text());
  const uint64_t count = reader.unsigned_varlong();
  std::vector<Project> projects;
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    Project project;
    project.id = ProjectId(reader.varlong());
    project.name = reader.sized_text();
    project.token = reader.sized_text();
    project.created_at = WallTime{reader.varlong()};
    if (reader.ok()) projects.push_back(std::move(project));
  }
  std::vector<Quota> quotas;
  std::vector<Restriction> restrictions;
  if (block.version >= version_with_rules) {
    quotas = read_quotas(reader);
    restrictions = read_restrictions(reader);
  }
  if (!reader.finished()) {
    return fail(ErrorCode::corrupt, "the catalog snapshot has the wrong length");
  }
  return Snapshot(revision, std::move(projects), std::move(admin_token_hash), std::move(quotas),
                  std::move(restrictions));
}

std::span<const Quota> Snapshot::quotas_of(ProjectId project) const {
  return rules_of(quotas_, project);
}

std::span<const Restriction> Snapshot::restrictions_of(ProjectId project) const {
  return rules_of(restrictions_, project);
}

const Project* Snapshot::find_token(std::string_view token) const {
  const auto found = by_token_.find(std::string(token));
  return found == by_token_.end() ? nullptr : &projects_[found->second];
}

bool Snapshot::admin_token_matches(std::string_view token) const {
  const std::string hash = hash_token(token);
  return hash.size() == admin_token_hash_.size() &&
         CRYPTO_memcmp(hash.data(), admin_token_hash_.data(), hash.size()) == 0;
}

std::string hash_token(std::string_view token) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest);
  return codec::hex_encode(as_text(digest));
}

std::string_view token_fault(std::string_view token) {
  if (token.empty()) return "a token cannot be empty";
  if (token.size() > token_bytes_max) return "a token has at most 64 bytes";
  for (const char c : token) {
    if (c <= ' ' || c > '~') return "a token consists of printable ASCII characters, no blanks";
  }
  if (token.starts_with("phx_")) return "phx_ begins a personal key, which is not a project token";
  return {};
}

}  // namespace mr::catalog
