#include "ingest/trial.h"

#include "ingest/warnings.h"
#include "state/sqlite_tables.h"

namespace mr::ingest {

Trial::Trial(ProcessorOptions options, std::unique_ptr<state::SqliteTables> tables)
    : processor_(std::move(options)), tables_(std::move(tables)) {
}
Trial::~Trial() = default;

Result<std::unique_ptr<Trial>> Trial::open(ProcessorOptions options) {
  MR_TRY(auto tables, state::SqliteTables::open(":memory:", {}));
  return std::unique_ptr<Trial>(new Trial(std::move(options), std::move(tables)));
}

Result<void> Trial::run(std::span<const TrialRecord> records, const catalog::Snapshot& projects,
                        WallTime now) {
  // What the records' views point into.
  std::vector<Bytes> envelopes;
  std::vector<stream::Record> captured;
  envelopes.reserve(records.size());
  captured.reserve(records.size());
  for (const TrialRecord& record : records) {
    envelopes.push_back(event::encode_envelope(record.envelope));
    captured.push_back({Offset(static_cast<int64_t>(outcome_.fates.size() + captured.size())),
                        record.envelope.arrival,
                        {},
                        as_bytes(record.value),
                        {{event::envelope_header, envelopes.back()}}});
  }
  std::vector<std::unique_ptr<WorkItem>> items;
  for (const stream::Record& record : captured) {
    items.push_back(std::make_unique<WorkItem>(record));
    processor_.decode(*items.back());
    processor_.resolve(*items.back(), projects);
  }
  MR_CHECK(load(items));
  for (size_t i = 0; i < items.size(); ++i) {
    WorkItem& item = *items[i];
    processor_.process(item, now);
    const event::Envelope& envelope = records[i].envelope;
    outcome_.fates.push_back({records[i].line, item.fate, std::string(item.reason), item.error,
                              envelope.event, envelope.distinct_id, envelope.uuid,
                              std::move(item.row),
                              item.fate == Fate::dead_lettered ? records[i].value : ""});
  }
  state::StateChanges changes;
  processor_.collect(now, changes);
  MR_CHECK(tables_->commit(changes));
  processor_.committed();
  note(changes);
  return {};
}

Result<void> Trial::load(const std::vector<std::unique_ptr<WorkItem>>& items) {
  for (;;) {
    state::StateRequest request;
    for (const auto& item : items) processor_.want(*item, request);
    if (request.empty()) return {};
    MR_TRY(const state::StateFound found, tables_->load(request));
    processor_.absorb(request, found);
  }
}

void Trial::note(const state::StateChanges& changes) {
  for (const state::PersonRow& row : changes.persons) {
    outcome_.persons[{row.project.value, codec::to_string(row.uuid)}] = row;
  }
  for (const state::DistinctIdRow& row : changes.distinct_ids) {
    outcome_.distinct_ids[{row.project.value, row.distinct_id}] = row;
  }
  for (const state::GroupRow& row : changes.groups) {
    outcome_.groups[{row.project.value, row.type_index, row.key}] = row;
  }
  for (const state::GroupTypeRow& row : changes.group_types) {
    outcome_.group_types[{row.project.value, row.index}] = row.group_type;
  }
  for (const state::OutboxRow& row : changes.outbox) {
    if (row.topic == warnings_topic) outcome_.warnings.push_back(row.value);
  }
}

}  // namespace mr::ingest
