#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/strong.h"
#include "base/time.h"
#include "codec/json_object.h"
#include "ingest/counts.h"
#include "state/state_store.h"

namespace mr::ingest {

inline constexpr std::string_view warnings_topic = "ingestion_warnings";

// What the owners of a project should know about one of their events.
struct Warning {
  ProjectId project;
  std::string_view type;  // static text, of the table in warnings.cc
  std::string details;    // a JSON object, with category and severity
  std::string key;        // beside project and type: what makes two warnings repeats of each other
};

// Collects the warnings of a batch (contract 1.4): events that were dropped, changed or partly
// refused through no fault of ours. All are counted, as "warning:<type>"; a repeat within an hour
// travels only where its type says that each one matters. Belongs to one loop.
class Warnings {
 public:
  explicit Warnings(Counts& counts) : counts_(counts) {}

  // `type` has to be in the table.
  void add(ProjectId project, std::string_view type, json::Object details,
           std::string_view key = {});

  // Those of the batch that are no repeats, as rows of the topic.
  void collect(WallTime now, std::vector<state::OutboxRow>& outbox);
  // What was collected is durable.
  void committed() { pending_.clear(); }

 private:
  bool is_repeat(const Warning& warning, WallTime now);

  Counts& counts_;
  std::vector<Warning> pending_;
  std::unordered_map<std::string, WallTime> told_at_;
};

// The kind of a JSON value in the words that the reference's warnings use ("array", "number", …).
std::string_view javascript_type(std::string_view raw);

}  // namespace mr::ingest
