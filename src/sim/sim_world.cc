#include "sim/sim_world.h"

#include <algorithm>

#include "base/assert.h"
#include "base/reached.h"

namespace mr::sim {

namespace {

// More turns than this within one run_until() mean that tasks wake each other for ever.
constexpr uint64_t turns_max = 50'000'000;

}  // namespace

SimProcess::SimProcess(Scheduler& scheduler, DiskMachine& disk, NetworkMachine& network,
                       ProcessId id, const SimOptions& options, SimRandom random)
    : id_(id),
      mischief_on_(options.faults.mischief),
      loop_(scheduler, id),
      clock_(scheduler, id),
      disk_(disk, id),
      network_(network, loop_, clock_, id),
      random_(random.split()),
      mischief_(random.split()),
      worker_(scheduler, id),
      roots_(std::make_unique<io::TaskGroup>(loop_)) {
  disk_.direct_supported = options.direct_supported;
  disk_.ignore_folder_syncs = options.ignore_folder_syncs;
}

io::World SimProcess::world() {
  return {loop_, clock_, disk_, network_, random_, worker_, mischief_on_ ? &mischief_ : nullptr};
}

bool SimProcess::SimMischief::strikes(const char* site) {
  uint64_t hash = salt;
  for (const char* c = site; *c != '\0'; ++c)
    hash = (hash ^ static_cast<uint8_t>(*c)) * 1099511628211;
  const bool armed = SimRandom(hash).one_in(4);
  return armed && random.one_in(4);
}

SimWorld::SimWorld(SimOptions options)
    : options_(options),
      random_(options.seed),
      scheduler_(random_.split()),
      disk_(scheduler_, random_.split(), options.capacity_bytes, options_.faults,
            options.crash_at_operation),
      network_(scheduler_, random_.split(), options_.faults) {
  disk_.trace = options.trace;
  disk_.ignore_short_writes = options.ignore_short_writes;
  processes_.push_back(nullptr);
  processes_.front() = std::make_unique<SimProcess>(scheduler_, disk_, network_, ++processes_made_,
                                                    options_, random_.split());
}

SimWorld::~SimWorld() {
  for (auto& process : processes_) end(*process);
}

SimProcess& SimWorld::start_process() {
  processes_.push_back(std::make_unique<SimProcess>(scheduler_, disk_, network_, ++processes_made_,
                                                    options_, random_.split()));
  return *processes_.back();
}

RunEnd SimWorld::run_until(const bool& done, Millis limit) {
  const Instant until = scheduler_.now() + limit;
  const uint64_t first = scheduler_.turns();
  while (!done) {
    if (disk_.crash_due()) return RunEnd::crashed;
    if (options_.faults.wall_jumps && random_.one_in(1000)) {
      MR_REACHED("sim.wall_jump");
      scheduler_.jump_wall(Millis{static_cast<int64_t>(random_.below(7'200'000)) - 3'600'000});
    }
    if (!scheduler_.turn(until)) {
      return scheduler_.now() < until ? RunEnd::idle : RunEnd::out_of_time;
    }
    MR_ASSERT(scheduler_.turns() - first < turns_max);
  }
  return RunEnd::done;
}

void SimWorld::end(SimProcess& process) {
  scheduler_.forget(process.id());
  process.roots_.reset();
  process.roots_ = std::make_unique<io::TaskGroup>(process.loop_);
  process.alive_ = false;
  // Destructors of abandoned tasks may have posted; that too is forgotten.
  scheduler_.forget(process.id());
}

void SimWorld::crash(CrashKind kind) {
  disk_.crash(kind, main().id());
  for (auto& process : processes_) {
    if (process != processes_.front() && kind == CrashKind::process) continue;
    network_.crash(process->id());
    end(*process);
  }
  if (kind == CrashKind::power) {
    for (size_t i = 1; i < processes_.size(); ++i) ended_.push_back(std::move(processes_[i]));
    processes_.resize(1);
  }
  ended_.push_back(std::move(processes_.front()));
  processes_.front() = std::make_unique<SimProcess>(scheduler_, disk_, network_, ++processes_made_,
                                                    options_, random_.split());
}

void SimWorld::kill(SimProcess& process) {
  MR_ASSERT(&process != &main());
  disk_.crash(CrashKind::process, process.id());
  network_.crash(process.id());
  end(process);
  const auto killed =
      std::ranges::find_if(processes_, [&](const auto& one) { return one.get() == &process; });
  ended_.push_back(std::move(*killed));
  processes_.erase(killed);
}

}  // namespace mr::sim
