#include "catalog/snapshot.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "codec/byte_reader.h"
#include "codec/byte_writer.h"
#include "codec/crc32c.h"

namespace mr::catalog {
namespace {

constexpr std::string_view magic = "MRCATSNP";
// magic, version, checksum
constexpr size_t header_bytes = 8 + 4 + 4;

}  // namespace

Snapshot::Snapshot(uint64_t revision, std::vector<Project> projects, std::string admin_token_hash)
    : revision_(revision),
      projects_(std::move(projects)),
      admin_token_hash_(std::move(admin_token_hash)) {
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
  Bytes bytes;
  append(bytes, as_bytes(magic));
  codec::put_u32_le(bytes, version);
  codec::put_u32_le(bytes, codec::crc32c(body));
  append(bytes, body);
  return bytes;
}

Result<Snapshot> Snapshot::parse(ByteView bytes) {
  codec::ByteReader reader(bytes);
  if (as_text(reader.bytes(magic.size())) != magic) {
    return fail(ErrorCode::corrupt, "this is no catalog snapshot: its first bytes are not ours");
  }
  const uint32_t found = reader.u32_le();
  if (reader.ok() && found > version) {
    return fail(ErrorCode::unsupported, "the catalog snapshot has version " +
                                            std::to_string(found) + ", this program reads up to " +
                                            std::to_string(version));
  }
  const uint32_t checksum = reader.u32_le();
  if (!reader.ok() || codec::crc32c(bytes.subspan(header_bytes)) != checksum) {
    return fail(ErrorCode::corrupt, "the catalog snapshot does not match its checksum");
  }
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
  if (!reader.finished()) {
    return fail(ErrorCode::corrupt, "the catalog snapshot has the wrong length");
  }
  return Snapshot(revision, std::move(projects), std::move(admin_token_hash));
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
  constexpr char digits[] = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
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
