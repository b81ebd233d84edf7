#pragma once

#include <coroutine>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/disk.h"
#include "sim/scheduler.h"
#include "sim/storage.h"

namespace mr::sim {

class SharedPageState;

// The disk hardware of one simulated machine: storage, what is in flight on it, locks and shared
// pages; and the place where operations are counted, delayed, struck by faults or cut off.
class DiskMachine {
 public:
  DiskMachine(Scheduler& scheduler, SimRandom random, uint64_t capacity_bytes, const Faults& faults,
              uint64_t crash_at_operation);
  ~DiskMachine();

  // One operation: completes after its latency, unless it is the one at which the machine crashes.
  struct Step : io::TimerEvent {
    Step(DiskMachine& on, ProcessId by, Operation what);
    ~Step() override;
    DiskMachine& machine;
    ProcessId owner;
    Operation operation;
    std::coroutine_handle<> awaiting;

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> self);
    void start();
    void await_resume() const noexcept {}
    void expired() override { awaiting.resume(); }
  };

  // Whether a fault that is switched on strikes now.
  bool strikes(bool Faults::* fault);
  // How much of `whole` the kernel takes or gives at once: a multiple of `unit`, or all.
  size_t part_of(bool Faults::* fault, size_t whole, size_t unit);
  // A crash was reached: nothing more may run.
  bool crash_due() const { return crash_due_; }
  // What a process, or all of them (power), leaves behind. Its steps are forgotten, not run.
  void crash(CrashKind kind, ProcessId owner);
  void crash_at(uint64_t operation) {
    crash_at_ = operation;
    crash_due_ = false;
  }

  uint64_t operations() const { return operations_; }
  Storage storage;
  // Prints each operation to stderr.
  bool trace = false;
  // A planted bug: what the kernel did not take at once is forgotten.
  bool ignore_short_writes = false;

 private:
  friend class SimDisk;
  friend class SharedPageState;

  Scheduler& scheduler_;
  SimRandom random_;
  std::vector<SimRandom> fault_random_;  // one for each of fault_kinds
  const Faults& faults_;
  uint64_t crash_at_;
  uint64_t operations_ = 0;
  bool crash_due_ = false;
  std::vector<Step*> in_flight_;
  std::map<std::string, uint64_t> locks_;  // path -> holder's token
  std::map<uint64_t, ProcessId> lock_owners_;
  uint64_t lock_tokens_ = 0;
  std::map<std::string, std::shared_ptr<SharedPageState>> pages_;

 public:
  // For SimDisk's locks: drops a lock if its holder still has it.
  void unlock(const std::string& path, uint64_t token);
};

// The door of storage of one simulated process.
class SimDisk final : public io::Disk {
 public:
  SimDisk(DiskMachine& machine, ProcessId owner) : machine_(machine), owner_(owner) {}

  io::Task<Result<std::unique_ptr<io::File>>> open(io::Path path, io::OpenMode mode) override;
  io::Task<Result<void>> rename(io::Path from, io::Path to) override;
  io::Task<Result<void>> remove(io::Path path) override;
  io::Task<Result<std::vector<std::string>>> list(io::Path folder) override;
  io::Task<Result<void>> make_folders(io::Path folder) override;
  io::Task<Result<void>> sync_directory(io::Path folder) override;
  io::Task<Result<io::DiskSpace>> space(io::Path folder) override;
  io::Task<Result<std::unique_ptr<io::DiskLock>>> lock(io::Path path) override;
  io::Task<Result<std::unique_ptr<io::SharedPage>>> map_shared(io::Path path) override;

  // When false, opening direct falls back to buffered, as on a tmpfs.
  bool direct_supported = true;
  // Folder syncs do nothing.
  bool ignore_folder_syncs = false;

 private:
  DiskMachine& machine_;
  ProcessId owner_;
};

}  // namespace mr::sim
