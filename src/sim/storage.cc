#include "sim/storage.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/reached.h"

namespace mr::sim {

namespace {

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

size_t sectors_in(size_t bytes) {
  return (bytes + Inode::sector_bytes - 1) / Inode::sector_bytes;
}

void resize(Inode& inode, size_t size) {
  inode.current.resize(size);
  inode.sectors.resize(sectors_in(size), Inode::Sector::dirty);
}

// Copies one sector of `current` to `durable`, as far as `durable` reaches.
void make_sector_durable(Inode& inode, size_t sector) {
  const size_t from = sector * Inode::sector_bytes;
  const size_t to =
      std::min({from + Inode::sector_bytes, inode.current.size(), inode.durable.size()});
  if (from < to) std::memcpy(inode.durable.data() + from, inode.current.data() + from, to - from);
  inode.sectors[sector] = Inode::Sector::clean;
}

}  // namespace

Storage::Storage(SimRandom random, uint64_t capacity_bytes)
    : random_(random), capacity_bytes_(capacity_bytes) {
  folders_[""];
}

std::shared_ptr<Inode> Storage::make_inode() {
  auto inode = std::make_shared<Inode>(++inodes_made_);
  inodes_.push_back(inode);
  return inode;
}

Storage::Folder* Storage::folder_of(const std::string& path, std::string& name) {
  name = name_of(path);
  const auto found = folders_.find(parent_of(path));
  return found == folders_.end() ? nullptr : &found->second;
}

std::shared_ptr<Inode> Storage::find(const std::string& path) const {
  const auto folder = folders_.find(parent_of(path));
  if (folder == folders_.end()) return nullptr;
  const auto found = folder->second.now.find(name_of(path));
  return found == folder->second.now.end() ? nullptr : found->second;
}

void Storage::apply(const NameChange& change, Names& names) {
  for (const auto& [name, inode] : change) {
    if (inode == nullptr) {
      names.erase(name);
    } else {
      names[name] = inode;
    }
  }
}

void Storage::change(Folder& folder, NameChange change) {
  apply(change, folder.now);
  folder.pending.push_back(std::move(change));
}

Result<std::shared_ptr<Inode>> Storage::open(const std::string& path, io::Creation creation) {
  std::string name;
  Folder* folder = folder_of(path, name);
  if (folder == nullptr) return fail(ErrorCode::not_found, "cannot open " + path + ": no folder");
  if (auto found = find(path)) {
    if (creation == io::Creation::must_not_exist) {
      return fail(ErrorCode::already_exists, "cannot open " + path + ": File exists");
    }
    return found;
  }
  if (creation == io::Creation::must_exist) {
    return fail(ErrorCode::not_found, "cannot open " + path + ": No such file");
  }
  auto inode = make_inode();
  change(*folder, {{name, inode}});
  return inode;
}

void Storage::write(Inode& inode, uint64_t offset, ByteView data, bool direct) {
  if (data.empty()) return;
  const size_t end = offset + data.size();
  if (end > inode.current.size()) resize(inode, end);
  std::memcpy(inode.current.data() + offset, data.data(), data.size());
  if (direct && inode.durable.size() < end) inode.durable.resize(end);
  for (size_t s = offset / Inode::sector_bytes; s < sectors_in(end); ++s) {
    inode.sectors[s] = Inode::Sector::dirty;
    inode.unreadable.erase(s);
    if (direct) make_sector_durable(inode, s);
  }
}

size_t Storage::read(const Inode& inode, uint64_t offset, MutableBytes into, bool direct) const {
  if (offset >= inode.current.size()) return 0;
  const size_t count = std::min<size_t>(into.size(), inode.current.size() - offset);
  if (count == 0) return 0;
  std::memcpy(into.data(), inode.current.data() + offset, count);
  if (!direct) return count;
  for (size_t i = 0; i < count;) {
    const size_t at = offset + i;
    const size_t sector = at / Inode::sector_bytes;
    const size_t run = std::min(count - i, (sector + 1) * Inode::sector_bytes - at);
    if (inode.sectors[sector] == Inode::Sector::forgotten) {
      for (size_t k = 0; k < run; ++k) {
        into[i + k] = at + k < inode.durable.size() ? inode.durable[at + k] : 0;
      }
    }
    i += run;
  }
  return count;
}

void Storage::sync(Inode& inode) {
  inode.durable.resize(inode.current.size());
  for (size_t s = 0; s < inode.sectors.size(); ++s) {
    if (inode.sectors[s] == Inode::Sector::dirty) make_sector_durable(inode, s);
  }
}

void Storage::fail_sync(Inode& inode) {
  if (random_.one_in(2)) inode.durable.resize(inode.current.size());
  for (size_t s = 0; s < inode.sectors.size(); ++s) {
    if (inode.sectors[s] != Inode::Sector::dirty) continue;
    if (random_.one_in(2) && (s + 1) * Inode::sector_bytes <= inode.durable.size()) {
      make_sector_durable(inode, s);
    } else {
      MR_REACHED("sim.sync_forgot_pages");
      inode.sectors[s] = Inode::Sector::forgotten;
    }
  }
}

void Storage::truncate(Inode& inode, uint64_t size) {
  resize(inode, size);
}

Result<void> Storage::rename(const std::string& from, const std::string& to) {
  std::string from_name;
  std::string to_name;
  Folder* folder = folder_of(from, from_name);
  MR_ASSERT(parent_of(from) == parent_of(to));
  const auto inode = find(from);
  if (folder == nullptr || inode == nullptr) {
    return fail(ErrorCode::not_found, "cannot rename " + from + ": No such file");
  }
  folder_of(to, to_name);
  change(*folder, {{from_name, nullptr}, {to_name, inode}});
  return {};
}

Result<void> Storage::remove(const std::string& path) {
  std::string name;
  Folder* folder = folder_of(path, name);
  if (folder == nullptr || find(path) == nullptr) {
    return fail(ErrorCode::not_found, "cannot remove " + path + ": No such file");
  }
  change(*folder, {{name, nullptr}});
  return {};
}

Result<std::vector<std::string>> Storage::list(const std::string& folder) const {
  const auto found = folders_.find(folder);
  if (found == folders_.end()) {
    return fail(ErrorCode::not_found, "cannot list " + folder + ": No such folder");
  }
  std::vector<std::string> names;
  for (const auto& [name, inode] : found->second.now) names.push_back(name);
  for (const auto& [path, unused] : folders_) {
    if (!path.empty() && path != folder && parent_of(path) == folder) {
      names.push_back(name_of(path));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

void Storage::make_folders(const std::string& folder) {
  for (std::string path = folder; !path.empty(); path = parent_of(path)) folders_[path];
}

Result<void> Storage::sync_folder(const std::string& path) {
  const auto found = folders_.find(path == "." ? "" : path);
  if (found == folders_.end()) {
    return fail(ErrorCode::not_found, "cannot sync " + path + ": No such folder");
  }
  Folder& folder = found->second;
  for (const NameChange& change : folder.pending) apply(change, folder.durable);
  folder.pending.clear();
  return {};
}

uint64_t Storage::free_bytes() const {
  uint64_t used = 0;
  for (const auto& weak : inodes_) {
    if (const auto inode = weak.lock()) {
      used += std::max(inode->current.size(), inode->durable.size());
    }
  }
  return used >= capacity_bytes_ ? 0 : capacity_bytes_ - used;
}

void Storage::half_do(const Operation& operation) {
  switch (operation.kind) {
    case Operation::Kind::write: {
      MR_REACHED("sim.write_cut_off");
      // Any subset of the sectors reached the cache or, written directly, the device, where they
      // still lack the flush that a completed write has.
      for (size_t at = 0; at < operation.data.size(); at += Inode::sector_bytes) {
        const size_t count = std::min(Inode::sector_bytes, operation.data.size() - at);
        if (random_.one_in(2) && free_bytes() >= count) {
          write(*operation.inode, operation.offset + at, operation.data.subspan(at, count), false);
        }
      }
      return;
    }
    case Operation::Kind::sync:
      MR_REACHED("sim.sync_cut_off");
      for (size_t s = 0; s < operation.inode->sectors.size(); ++s) {
        const bool reaches = (s + 1) * Inode::sector_bytes <= operation.inode->durable.size();
        const bool dirty = operation.inode->sectors[s] == Inode::Sector::dirty;
        if (dirty && reaches && random_.one_in(2)) make_sector_durable(*operation.inode, s);
      }
      return;
    case Operation::Kind::truncate:
      if (random_.one_in(2)) truncate(*operation.inode, operation.offset);
      return;
    case Operation::Kind::preallocate: {
      const size_t present = operation.inode->current.size();
      if (operation.offset > present) {
        resize(*operation.inode, random_.between(present, operation.offset));
      }
      return;
    }
    case Operation::Kind::rename:
      MR_REACHED("sim.rename_cut_off");
      if (random_.one_in(2)) (void)rename(operation.path, operation.to);
      return;
    case Operation::Kind::remove:
      if (random_.one_in(2)) (void)remove(operation.path);
      return;
    case Operation::Kind::other:
      return;
  }
}

void Storage::ruin(MutableBytes sector) {
  for (uint8_t& byte : sector) byte = static_cast<uint8_t>(random_.next());
}

// What power loss makes of one file: its size is the synced or the present one, and each dirty
// sector is kept, dropped or ruined.
void Storage::lose_unsynced(Inode& inode) {
  Bytes left = inode.durable;
  if (inode.current.size() != left.size() && random_.one_in(2)) left.resize(inode.current.size());
  for (size_t s = 0; s < inode.sectors.size(); ++s) {
    const size_t from = s * Inode::sector_bytes;
    if (inode.sectors[s] != Inode::Sector::dirty || from >= left.size()) continue;
    const size_t to = std::min({from + Inode::sector_bytes, left.size(), inode.current.size()});
    switch (random_.below(3)) {
      case 0:
        std::memcpy(left.data() + from, inode.current.data() + from, to - from);
        break;
      case 1:
        MR_REACHED("sim.sector_ruined");
        ruin(MutableBytes(left).subspan(from, to - from));
        break;
      default:
        MR_REACHED("sim.sector_lost");
        break;
    }
  }
  inode.durable = left;
  inode.current = std::move(left);
  inode.sectors.assign(sectors_in(inode.current.size()), Inode::Sector::clean);
}

void Storage::crash(CrashKind kind) {
  std::erase_if(inodes_, [](const auto& weak) { return weak.expired(); });
  if (kind == CrashKind::process) {
    // The kernel may drop a clean page at any time; one that a failed sync forgot then shows what
    // the device has.
    for (const auto& weak : inodes_) {
      const auto inode = weak.lock();
      if (!random_.one_in(2)) continue;
      for (size_t s = 0; s < inode->sectors.size(); ++s) {
        if (inode->sectors[s] != Inode::Sector::forgotten) continue;
        const size_t from = s * Inode::sector_bytes;
        MutableBytes shown = MutableBytes(inode->current).subspan(from);
        MR_REACHED("sim.forgotten_page_dropped");
        shown = shown.first(std::min(shown.size(), Inode::sector_bytes));
        read(*inode, from, shown, true);
        inode->sectors[s] = Inode::Sector::clean;
      }
    }
    return;
  }
  for (auto& [path, folder] : folders_) {
    const size_t survive = random_.below(folder.pending.size() + 1);
    if (survive < folder.pending.size()) MR_REACHED("sim.name_lost");
    for (size_t i = 0; i < survive; ++i) apply(folder.pending[i], folder.durable);
    folder.pending.clear();
    folder.now = folder.durable;
  }
  for (const auto& weak : inodes_) {
    if (const auto inode = weak.lock()) lose_unsynced(*inode);
  }
}

Result<Bytes> Storage::contents(const std::string& path) const {
  const auto inode = find(path);
  if (inode == nullptr) return fail(ErrorCode::not_found, "no file " + path);
  return inode->current;
}

void Storage::set_contents(const std::string& path, Bytes bytes) {
  make_folders(parent_of(path));
  const auto inode = *open(path, io::Creation::create_if_absent);
  resize(*inode, 0);
  write(*inode, 0, bytes, false);
  sync(*inode);
  (void)sync_folder(parent_of(path));
}

void Storage::make_unreadable(const std::string& path, uint64_t byte) {
  if (const auto inode = find(path)) inode->unreadable.insert(byte / Inode::sector_bytes);
}

bool Storage::readable(const Inode& inode, uint64_t offset, size_t count) {
  const auto first = inode.unreadable.lower_bound(offset / Inode::sector_bytes);
  return first == inode.unreadable.end() || *first * Inode::sector_bytes >= offset + count;
}

void Storage::damage_cache(const std::string& path, uint64_t byte) {
  const auto inode = find(path);
  MR_ASSERT(inode != nullptr && byte < inode->current.size());
  inode->current[byte] ^= 0xFF;
  inode->sectors[byte / Inode::sector_bytes] = Inode::Sector::forgotten;
}

void Storage::flip_bit(const std::string& path, uint64_t byte, unsigned bit) {
  const auto inode = find(path);
  MR_ASSERT(inode != nullptr && byte < inode->current.size());
  MR_REACHED("sim.bit_rot");
  inode->current[byte] ^= static_cast<uint8_t>(1u << bit);
  if (byte < inode->durable.size()) inode->durable[byte] = inode->current[byte];
}

}  // namespace mr::sim
