#include "sim/sim_disk.h"

#include <algorithm>
#include <cstdio>

#include "base/assert.h"
#include "base/reached.h"
#include "sim/shared_page_state.h"

namespace mr::sim {

namespace {

std::unexpected<Error> struck(const char* what, const std::string& path) {
  return fail(ErrorCode::io_failed,
              "cannot " + std::string(what) + " " + path + ": Input/output error");
}

class SimFile final : public io::File {
 public:
  SimFile(DiskMachine& machine, ProcessId owner, std::string path, std::shared_ptr<Inode> inode,
          io::Caching caching)
      : machine_(machine),
        owner_(owner),
        path_(std::move(path)),
        inode_(std::move(inode)),
        caching_(caching) {}

  io::Caching caching() const override { return caching_; }

  io::Task<Result<void>> write_at(uint64_t offset, ByteView data) override {
    check_alignment(offset, data.size(), data.data());
    for (bool once = true; once || !data.empty(); once = false) {
      const Operation write = operation(Operation::Kind::write, "write", offset, data);
      co_await DiskMachine::Step{machine_, owner_, write};
      if (machine_.strikes(&Faults::write_error)) {
        machine_.storage.half_do(write);
        co_return struck("write", path_);
      }
      const uint64_t end = offset + data.size();
      const uint64_t growth = end > inode_->current.size() ? end - inode_->current.size() : 0;
      if (growth > machine_.storage.free_bytes()) {
        MR_REACHED("sim.disk_full");
        machine_.storage.half_do(write);
        co_return fail(ErrorCode::no_space, "cannot write " + path_ + ": No space left on device");
      }
      const size_t count = machine_.part_of(&Faults::short_write, data.size(), part_unit());
      const bool direct = caching_ == io::Caching::direct;
      machine_.storage.write(*inode_, offset, data.first(count), direct);
      if (machine_.ignore_short_writes) break;
      offset += count;
      data = data.subspan(count);
    }
    co_return Result<void>{};
  }

  io::Task<Result<size_t>> read_at(uint64_t offset, MutableBytes into) override {
    check_alignment(offset, into.size(), into.data());
    const bool direct = caching_ == io::Caching::direct;
    size_t total = 0;
    for (;;) {
      co_await DiskMachine::Step{machine_, owner_,
                                 operation(Operation::Kind::other, "read", offset + total)};
      if (machine_.strikes(&Faults::read_error)) co_return struck("read", path_);
      const MutableBytes left = into.subspan(total);
      if (!Storage::readable(*inode_, offset + total, left.size())) {
        MR_REACHED("sim.unreadable_sector");
        co_return struck("read", path_);
      }
      const size_t part = machine_.part_of(&Faults::short_read, left.size(), part_unit());
      const size_t count = machine_.storage.read(*inode_, offset + total, left.first(part), direct);
      total += count;
      if (count < part || total == into.size()) co_return total;
    }
  }

  io::Task<Result<void>> sync_data() override {
    co_await DiskMachine::Step{machine_, owner_, operation(Operation::Kind::sync, "sync", 0)};
    if (machine_.strikes(&Faults::sync_error)) {
      machine_.storage.fail_sync(*inode_);
      co_return struck("sync", path_);
    }
    machine_.storage.sync(*inode_);
    co_return Result<void>{};
  }

  io::Task<Result<void>> truncate(uint64_t size) override {
    co_await DiskMachine::Step{machine_, owner_,
                               operation(Operation::Kind::truncate, "truncate", size)};
    if (machine_.strikes(&Faults::write_error)) co_return struck("truncate", path_);
    if (size > inode_->current.size() &&
        size - inode_->current.size() > machine_.storage.free_bytes()) {
      MR_REACHED("sim.disk_full");
      co_return fail(ErrorCode::no_space, "cannot extend " + path_ + ": No space left on device");
    }
    machine_.storage.truncate(*inode_, size);
    co_return Result<void>{};
  }

  io::Task<Result<void>> preallocate(uint64_t size) override {
    const Operation extend = operation(Operation::Kind::preallocate, "preallocate", size);
    co_await DiskMachine::Step{machine_, owner_, extend};
    const uint64_t present = inode_->current.size();
    if (size <= present) co_return Result<void>{};
    if (size - present > machine_.storage.free_bytes()) {
      MR_REACHED("sim.disk_full");
      co_return fail(ErrorCode::no_space, "cannot reserve " + path_ + ": No space left on device");
    }
    if (machine_.strikes(&Faults::write_error)) {
      machine_.storage.half_do(extend);
      co_return struck("extend", path_);
    }
    machine_.storage.truncate(*inode_, size);
    if (machine_.strikes(&Faults::sync_error)) {
      machine_.storage.fail_sync(*inode_);
      co_return struck("sync", path_);
    }
    machine_.storage.sync(*inode_);
    co_return Result<void>{};
  }

  io::Task<Result<uint64_t>> size() override {
    co_await DiskMachine::Step{machine_, owner_, operation(Operation::Kind::other, "size", 0)};
    co_return inode_->current.size();
  }

 private:
  Operation operation(Operation::Kind kind, const char* name, uint64_t offset,
                      ByteView data = {}) const {
    return {kind, name, path_, {}, inode_, offset, data, caching_ == io::Caching::direct};
  }
  // The kernel takes and gives any number of bytes, past the cache whole blocks.
  size_t part_unit() const { return caching_ == io::Caching::direct ? io::direct_alignment : 1; }
  void check_alignment(uint64_t offset, size_t size, const uint8_t* memory) const {
    if (caching_ != io::Caching::direct) return;
    MR_ASSERT(offset % io::direct_alignment == 0 && size % io::direct_alignment == 0);
    MR_ASSERT(reinterpret_cast<uintptr_t>(memory) % io::direct_alignment == 0);
  }

  DiskMachine& machine_;
  ProcessId owner_;
  std::string path_;
  std::shared_ptr<Inode> inode_;
  io::Caching caching_;
};

class SimLock final : public io::DiskLock {
 public:
  SimLock(DiskMachine& machine, std::string path, uint64_t token)
      : machine_(machine), path_(std::move(path)), token_(token) {}
  ~SimLock() override { machine_.unlock(path_, token_); }

 private:
  DiskMachine& machine_;
  std::string path_;
  uint64_t token_;
};

class SimSharedPage final : public io::SharedPage {
 public:
  SimSharedPage(Scheduler& scheduler, ProcessId owner, std::shared_ptr<SharedPageState> state)
      : scheduler_(scheduler), owner_(owner), state_(std::move(state)) {}

  uint64_t load(size_t word) const override { return state_->words.at(word); }
  void store(size_t word, uint64_t value) override { state_->words.at(word) = value; }
  void publish(size_t word, uint64_t value) override {
    store(word, value);
    state_->wake();
  }
  io::Task<uint64_t> wait_until_not(size_t word, uint64_t seen, Instant deadline) override {
    co_return co_await SharedPageState::Waiter{*state_, scheduler_, owner_, word, seen, deadline};
  }

 private:
  Scheduler& scheduler_;
  ProcessId owner_;
  std::shared_ptr<SharedPageState> state_;
};

}  // namespace

SharedPageState::Waiter::~Waiter() {
  if (linked) std::erase(page.waiters_, this);
  scheduler.cancel_timer(*this);
}

void SharedPageState::Waiter::await_suspend(std::coroutine_handle<> self) {
  awaiting = self;
  linked = true;
  page.waiters_.push_back(this);
  if (deadline != io::no_deadline) scheduler.start_timer(owner, *this, deadline);
}

void SharedPageState::Waiter::expired() {
  linked = false;
  std::erase(page.waiters_, this);
  scheduler.post(owner, awaiting);
}

void SharedPageState::wake() {
  std::vector<Waiter*> kept;
  for (Waiter* waiter : waiters_) {
    if (words[waiter->word] == waiter->seen) {
      kept.push_back(waiter);
      continue;
    }
    waiter->linked = false;
    waiter->scheduler.cancel_timer(*waiter);
    waiter->scheduler.post(waiter->owner, waiter->awaiting);
  }
  waiters_.swap(kept);
}

void SharedPageState::forget(CrashKind kind, ProcessId owner) {
  std::erase_if(waiters_, [kind, owner](Waiter* waiter) {
    const bool forgotten = kind == CrashKind::power || waiter->owner == owner;
    if (forgotten) waiter->linked = false;
    return forgotten;
  });
}

DiskMachine::DiskMachine(Scheduler& scheduler, SimRandom random, uint64_t capacity_bytes,
                         const Faults& faults, uint64_t crash_at_operation)
    : storage(random.split(), capacity_bytes),
      scheduler_(scheduler),
      random_(random.split()),
      faults_(faults),
      crash_at_(crash_at_operation) {
  for (size_t kind = 0; kind < std::size(fault_kinds); ++kind) {
    fault_random_.push_back(random_.split());
  }
}

DiskMachine::~DiskMachine() = default;

DiskMachine::Step::Step(DiskMachine& on, ProcessId by, Operation what)
    : machine(on), owner(by), operation(std::move(what)) {
}

DiskMachine::Step::~Step() {
  std::erase(machine.in_flight_, this);
  machine.scheduler_.cancel_timer(*this);
}

void DiskMachine::Step::await_suspend(std::coroutine_handle<> self) {
  awaiting = self;
  ++machine.operations_;
  if (machine.trace) {
    std::fprintf(stderr, "%8llu %10lld us  process %u  %s %s %s offset %llu size %zu%s\n",
                 static_cast<unsigned long long>(machine.operations_),
                 static_cast<long long>(machine.scheduler_.now().micros), owner, operation.name,
                 operation.path.c_str(), operation.to.c_str(),
                 static_cast<unsigned long long>(operation.offset), operation.data.size(),
                 operation.direct ? " direct" : "");
  }
  machine.scheduler_.note(operation.offset + operation.data.size());
  machine.in_flight_.push_back(this);
  if (machine.operations_ == machine.crash_at_) {
    machine.crash_due_ = true;
    return;
  }
  start();
}

void DiskMachine::Step::start() {
  int64_t micros = static_cast<int64_t>(machine.random_.between(20, 200));
  if (machine.strikes(&Faults::slow_disk)) micros *= 1000;
  machine.scheduler_.start_timer(owner, *this, Instant{machine.scheduler_.now().micros + micros});
}

bool DiskMachine::strikes(bool Faults::* fault) {
  if (!(faults_.*fault)) return false;
  // A stream for each kind: leaving one kind out does not move the strikes of the others.
  size_t kind = 0;
  while (fault_kinds[kind].on != fault) ++kind;
  if (!fault_random_[kind].one_in(faults_.one_in)) return false;
  if (fault == &Faults::write_error) MR_REACHED("sim.write_error");
  if (fault == &Faults::read_error) MR_REACHED("sim.read_error");
  if (fault == &Faults::sync_error) MR_REACHED("sim.sync_error");
  if (fault == &Faults::name_error) MR_REACHED("sim.name_error");
  if (fault == &Faults::slow_disk) MR_REACHED("sim.stall");
  return true;
}

size_t DiskMachine::part_of(bool Faults::* fault, size_t whole, size_t unit) {
  if (whole <= unit || !strikes(fault)) return whole;
  if (fault == &Faults::short_write) MR_REACHED("sim.short_write");
  if (fault == &Faults::short_read) MR_REACHED("sim.short_read");
  const size_t part = random_.between(1, whole);
  return std::max(part / unit * unit, unit);
}

void DiskMachine::crash(CrashKind kind, ProcessId owner) {
  if (kind == CrashKind::power) MR_REACHED("sim.power_loss");
  if (kind == CrashKind::process) MR_REACHED("sim.process_crash");
  for (Step* step : in_flight_) {
    if (step->owner == owner || kind == CrashKind::power) storage.half_do(step->operation);
  }
  std::erase_if(in_flight_,
                [&](Step* step) { return step->owner == owner || kind == CrashKind::power; });
  for (Step* step : in_flight_) {
    // The one at which the machine stopped goes on when it belongs to a process that lives.
    if (step->clock_slot == io::TimerEvent::not_started) step->start();
  }
  storage.crash(kind);
  for (auto it = locks_.begin(); it != locks_.end();) {
    const bool dropped = kind == CrashKind::power || lock_owners_[it->second] == owner;
    it = dropped ? locks_.erase(it) : std::next(it);
  }
  for (auto& [path, page] : pages_) {
    page->forget(kind, owner);
    if (kind != CrashKind::power) continue;
    // A page is never synced: it comes back empty, as it was, or as anything.
    const uint64_t choice = random_.below(3);
    for (uint64_t& word : page->words) {
      if (choice == 0) word = 0;
      if (choice == 1) word = random_.next();
    }
  }
  crash_due_ = false;
  crash_at_ = 0;
}

void DiskMachine::unlock(const std::string& path, uint64_t token) {
  const auto held = locks_.find(path);
  if (held != locks_.end() && held->second == token) locks_.erase(held);
}

io::Task<Result<std::unique_ptr<io::File>>> SimDisk::open(io::Path path, io::OpenMode mode) {
  co_await DiskMachine::Step{machine_, owner_, {.name = "open", .path = path}};
  if (machine_.strikes(&Faults::name_error)) co_return struck("open", path);
  MR_CO_TRY(auto inode, machine_.storage.open(path, mode.creation));
  const auto caching = direct_supported ? mode.caching : io::Caching::buffered;
  co_return std::make_unique<SimFile>(machine_, owner_, std::move(path), std::move(inode), caching);
}

io::Task<Result<void>> SimDisk::rename(io::Path from, io::Path to) {
  const Operation rename{Operation::Kind::rename, "rename", from, to};
  co_await DiskMachine::Step{machine_, owner_, rename};
  if (machine_.strikes(&Faults::name_error)) {
    machine_.storage.half_do(rename);
    co_return struck("rename", from);
  }
  co_return machine_.storage.rename(from, to);
}

io::Task<Result<void>> SimDisk::remove(io::Path path) {
  co_await DiskMachine::Step{machine_, owner_, {Operation::Kind::remove, "remove", path}};
  if (machine_.strikes(&Faults::name_error)) co_return struck("remove", path);
  co_return machine_.storage.remove(path);
}

io::Task<Result<std::vector<std::string>>> SimDisk::list(io::Path folder) {
  co_await DiskMachine::Step{machine_, owner_, {.name = "list", .path = folder}};
  co_return machine_.storage.list(folder);
}

io::Task<Result<void>> SimDisk::make_folders(io::Path folder) {
  co_await DiskMachine::Step{machine_, owner_, {.name = "make folders", .path = folder}};
  machine_.storage.make_folders(folder);
  co_return Result<void>{};
}

io::Task<Result<void>> SimDisk::sync_directory(io::Path folder) {
  co_await DiskMachine::Step{machine_, owner_, {.name = "sync folder", .path = folder}};
  if (machine_.strikes(&Faults::name_error)) co_return struck("sync", folder);
  if (ignore_folder_syncs) co_return Result<void>{};
  co_return machine_.storage.sync_folder(folder);
}

io::Task<Result<io::DiskSpace>> SimDisk::space(io::Path folder) {
  co_await DiskMachine::Step{machine_, owner_, {.name = "space", .path = folder}};
  co_return io::DiskSpace{machine_.storage.free_bytes(), machine_.storage.capacity_bytes()};
}

io::Task<Result<std::unique_ptr<io::DiskLock>>> SimDisk::lock(io::Path path) {
  co_await DiskMachine::Step{machine_, owner_, {.name = "lock", .path = path}};
  MR_CO_CHECK(machine_.storage.open(path, io::Creation::create_if_absent));
  if (machine_.locks_.contains(path)) {
    co_return fail(ErrorCode::busy, path + " is held by another process");
  }
  const uint64_t token = ++machine_.lock_tokens_;
  machine_.locks_[path] = token;
  machine_.lock_owners_[token] = owner_;
  co_return std::make_unique<SimLock>(machine_, std::move(path), token);
}

io::Task<Result<std::unique_ptr<io::SharedPage>>> SimDisk::map_shared(io::Path path) {
  co_await DiskMachine::Step{machine_, owner_, {.name = "map", .path = path}};
  MR_CO_CHECK(machine_.storage.open(path, io::Creation::create_if_absent));
  auto& page = machine_.pages_[path];
  if (page == nullptr) page = std::make_shared<SharedPageState>();
  co_return std::make_unique<SimSharedPage>(machine_.scheduler_, owner_, page);
}

}  // namespace mr::sim
