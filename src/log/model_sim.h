#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mr::log {

// What must hold of one partition and its consumers, in plain maps. Each fact is judged when it
// becomes known; the first that is wrong stays in `failure`, which begins with the invariant's
// name:
//   L1 acknowledged records are at their offsets       L2 nothing was invented
//   L3 offsets are dense, and rise with time           L4 what was read never changes or goes
//   C1 a consumer's position never goes back and never runs ahead of what it was given
//   C2 without faults everything acknowledged reaches every consumer
//   D1 only what rotted is reported as damaged         T1 a search by time finds the right offset
//   P1 only committed records are visible              R1 retention waits for consumers
//   S1 syncs at intervals lose only the last interval  V1 without faults everything completes
class Model {
 public:
  // Makes a value that no other record has, about `bytes` long.
  const std::string& make_value(uint64_t bytes);

  void fail(const std::string& what);
  // An append was answered with `offset`; all acknowledgements before it lay below `known_end`.
  void acknowledge(int64_t offset, const std::string& value, int64_t known_end);
  void read(int64_t offset, std::string_view value);
  void report_damaged(int64_t from, int64_t to);
  // A reader was told that retention removed what lies below `to`.
  void report_removed(int64_t to, bool is_registered);
  // With syncs at intervals: what was answered from `offset` on is gone. Only what was not synced
  // yet may be.
  void lose_from(int64_t offset, int64_t interval_micros);
  // The writer cuts what it has not committed: those offsets are given again.
  void cut_uncommitted() { acknowledged.erase(acknowledged.lower_bound(committed), end_of_all()); }
  // All that was acknowledged must lie below `end`, and all that was read too.
  void check_end(int64_t end);

  int64_t acknowledged_end() const {
    return acknowledged.empty() ? 0 : acknowledged.rbegin()->first + 1;
  }
  bool is_rotten(int64_t offset) const;

  // A consumer that keeps its position in a checkpoint.
  struct Consumer {
    int64_t saved = 0;      // of the last save that was answered
    int64_t attempted = 0;  // the largest that it ever tried to save
    std::set<int64_t> delivered;
  };
  void load_position(Consumer& consumer, int64_t next);
  void check_delivered(const std::string& name, const Consumer& consumer);

  using Numbers = std::map<int64_t, size_t>;  // offset -> which value
  Numbers acknowledged;
  Numbers seen;
  std::map<int64_t, int64_t> rotten;  // offsets whose bytes were ruined: from -> to
  std::map<std::string, Consumer> consumers;
  int64_t committed = 0;  // what the writer says elsewhere that counts
  int64_t finished = 0;   // what registered consumers have said that they are done with
  bool registered = false;
  std::string failure;

  // With syncs at intervals: when each record was answered, and why it may be lost since.
  std::map<int64_t, int64_t> answered_at;
  bool power_lost = false;
  bool sync_failed = false;  // perhaps
  // When the writer stopped; while none has opened since, nobody could sync.
  int64_t now = 0;
  bool stopped = false;

 private:
  Numbers::iterator end_of_all() { return acknowledged.end(); }
  // Which value it is; size() when it is none of ours.
  size_t number_of(std::string_view value) const;

  std::vector<std::string> values_;
};

}  // namespace mr::log
