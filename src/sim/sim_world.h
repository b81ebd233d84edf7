#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/task_group.h"
#include "io/world.h"
#include "sim/sim_disk.h"
#include "sim/sim_network.h"
#include "sim/sim_worker.h"

namespace mr::sim {

struct SimOptions {
  uint64_t seed = 1;
  Faults faults;
  // The operation of the disk, counted from 1, that never completes; 0: none.
  uint64_t crash_at_operation = 0;
  uint64_t capacity_bytes = 1ull << 30;
  // False: files cannot be opened past the cache, as on a tmpfs.
  bool direct_supported = true;
  // A planted bug for tests of tests: syncing a folder does nothing and says that it did.
  bool ignore_folder_syncs = false;
  // Another: a write that the kernel took only a part of counts as done.
  bool ignore_short_writes = false;
  // Prints every operation of the disk; for looking at one failing seed.
  bool trace = false;
};

// One process on a simulated machine: the six doors, and the root tasks that run in it.
class SimProcess {
 public:
  SimProcess(Scheduler& scheduler, DiskMachine& disk, NetworkMachine& network, ProcessId id,
             const SimOptions& options, SimRandom random);

  io::World world();
  // Starts a root task. At a crash the last spawned root is destroyed first.
  void spawn(io::Task<void> task) { roots_->spawn(std::move(task)); }
  size_t running() const { return roots_->running(); }
  // False after a crash.
  bool alive() const { return alive_; }
  ProcessId id() const { return id_; }

 private:
  friend class SimWorld;
  // Each site is armed for the whole run or not at all.
  struct SimMischief final : io::Mischief {
    explicit SimMischief(SimRandom r) : salt(r.next()), random(r) {}
    bool strikes(const char* site) override;
    uint64_t salt;
    SimRandom random;
  };

  ProcessId id_;
  bool alive_ = true;
  bool mischief_on_;
  SimLoop loop_;
  SimClock clock_;
  SimDisk disk_;
  SimNetwork network_;
  SimRandom random_;
  SimMischief mischief_;
  SimWorker worker_;
  std::unique_ptr<io::TaskGroup> roots_;
};

enum class RunEnd : uint8_t {
  done,         // the awaited flag was set
  idle,         // nothing is left that could run
  crashed,      // the operation to crash at was reached: call crash()
  out_of_time,  // simulated time reached the limit
};

// A simulated machine, driven by one seed, with one process at the start. Not thread-safe.
class SimWorld {
 public:
  explicit SimWorld(SimOptions options);
  explicit SimWorld(uint64_t seed) : SimWorld(SimOptions{.seed = seed}) {}
  ~SimWorld();

  // The doors of the present main process.
  io::World world() { return main().world(); }
  SimProcess& main() { return *processes_.front(); }
  // Another process on the same machine. Lives until it crashes or the machine ends.
  SimProcess& start_process();

  // Runs until `done`, for at most `limit` of simulated time.
  RunEnd run_until(const bool& done, Millis limit = default_limit);
  // Runs a task in a process; nothing when a crash came first, or it did not end in time.
  template <typename T>
  std::optional<T> run(SimProcess& process, io::Task<T> task, Millis limit = default_limit) {
    std::optional<T> value;
    bool done = false;
    process.spawn(keep(std::move(task), value, done));
    run_until(done, limit);
    return value;
  }
  template <typename T>
  std::optional<T> run(io::Task<T> task, Millis limit = default_limit) {
    return run(main(), std::move(task), limit);
  }

  // Ends the main process, or with CrashKind::power all of them; a fresh main process starts.
  void crash(CrashKind kind);
  // Ends one process that is not the main one.
  void kill(SimProcess& process);
  // The operation was reached at which the machine should crash.
  bool crash_due() const { return disk_.crash_due(); }
  void crash_at(uint64_t operation) { disk_.crash_at(operation); }
  // Faults on and off while it runs.
  void set_faults(Faults faults) { options_.faults = faults; }

  Storage& storage() { return disk_.storage; }
  uint64_t operations() const { return disk_.operations(); }
  Instant now() const { return scheduler_.now(); }
  // The same for two runs of the same program on the same seed.
  uint64_t fingerprint() const { return scheduler_.digest() ^ scheduler_.turns(); }

  static constexpr Millis default_limit{3'600'000};

 private:
  template <typename T>
  static io::Task<void> keep(io::Task<T> task, std::optional<T>& value, bool& done) {
    value.emplace(co_await task);
    done = true;
  }
  void end(SimProcess& process);

  SimOptions options_;
  SimRandom random_;
  Scheduler scheduler_;
  DiskMachine disk_;
  NetworkMachine network_;
  ProcessId processes_made_ = 0;
  // Kept to the end: what a test still holds of a crashed process may let go of its doors.
  std::vector<std::unique_ptr<SimProcess>> ended_;
  std::vector<std::unique_ptr<SimProcess>> processes_;  // the first is the main one
};

}  // namespace mr::sim
