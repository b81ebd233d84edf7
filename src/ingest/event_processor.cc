#include "ingest/event_processor.h"

#include <cstdlib>

#include "base/assert.h"
#include "event/event_row.h"
#include "ingest/normalise.h"

namespace mr::ingest {
namespace {

// How often stored duplicate hashes are looked through for expired ones.
constexpr Millis expiry_interval{60'000};

}  // namespace

std::string_view to_string(Fate fate) {
  switch (fate) {
    case Fate::undecided:
      return "undecided";
    case Fate::stored:
      return "stored";
    case Fate::duplicate:
      return "duplicate";
    case Fate::dropped:
      return "dropped";
    case Fate::dead_lettered:
      return "dead_lettered";
  }
  return "undecided";
}

EventProcessor::EventProcessor(ProcessorOptions options)
    : options_(std::move(options)),
      warnings_(counts_),
      duplicates_(options_.duplicates),
      person_cache_(options_.persons),
      persons_(person_cache_, counts_, warnings_),
      groups_(counts_, warnings_) {
}

void EventProcessor::decode(WorkItem& item) const {
  const auto dead = [&item](std::string_view reason) {
    item.fate = Fate::dead_lettered;
    item.reason = reason;
  };
  const auto header = item.record.header(event::envelope_header);
  if (!header) return dead("no_envelope");
  auto envelope = event::decode_envelope(*header, item.record.key);
  if (!envelope) return dead("invalid_envelope");
  item.envelope = std::move(*envelope);
  if (item.record.header(event::restricted_header)) return dead("restricted");
  auto read = event::read_raw_event(item.envelope, as_text(item.record.value));
  if (!read) return dead("invalid_event");
  item.event = std::move(*read);
}

void EventProcessor::resolve(WorkItem& item, const catalog::Snapshot& projects) const {
  const catalog::Project* project = projects.find_token(item.envelope.token);
  item.project_known = project != nullptr;
  if (project != nullptr) item.project = project->id;
}

void EventProcessor::want(const WorkItem& item, state::StateRequest& request) {
  if (item.fate != Fate::undecided || !item.project_known) return;
  const event::RawEvent& event = item.event;
  persons_.want(item.project, event.event, event.distinct_id, event.properties, request);
  groups_.want(item.project, event.event, event.properties, request);
}

void EventProcessor::absorb(const state::StateRequest& request, const state::StateFound& found) {
  person_cache_.absorb(request, found);
  groups_.absorb(request, found);
}

void EventProcessor::settle(WorkItem& item, Fate fate, std::string_view reason) {
  item.fate = fate;
  item.reason = reason;
  std::string name(to_string(fate));
  if (!reason.empty()) name += ":" + std::string(reason);
  counts_.add(name);
}

void EventProcessor::refuse(WorkItem& item, std::string_view reason, std::string why) {
  counts_.add(to_string(item.fate), -1);
  settle(item, Fate::dead_lettered, reason);
  item.error = std::move(why);
}

void EventProcessor::process(WorkItem& item, WallTime now) {
  counts_.add("in");
  // Dead letters were decided while decoding, or by the crash guard.
  if (item.fate == Fate::dead_lettered) return settle(item, Fate::dead_lettered, item.reason);
  if (!item.project_known) return settle(item, Fate::dropped, "unknown_token");
  event::RawEvent& event = item.event;
  if (!options_.crash_on_event.empty() && event.event == options_.crash_on_event) std::abort();
  if (const std::string_view reason = refusal(event, item.project, warnings_); !reason.empty()) {
    return settle(item, Fate::dropped, reason);
  }
  const EventHash hash =
      hash_event(item.project, event.uuid, event.event, event.distinct_id, event.timestamp);
  if (duplicates_.is_repeat(hash, now)) return settle(item, Fate::duplicate);
  if (duplicates_.window().count > 0) put_event_hash(new_hashes_, hash);

  const bool process_person = wants_person_processing(event, item.project, warnings_);
  item.row = make_row(item, process_person, now);
  if (item.row.size() > stream::record_bytes_max) {
    item.row.clear();
    warn_of_size(item);
    return settle(item, Fate::dead_lettered, "message_size_too_large");
  }
  settle(item, Fate::stored);
}

void EventProcessor::warn_of_size(const WorkItem& item) {
  json::Object details;
  details.set_text("eventUuid", codec::to_string(item.event.uuid));
  details.set_text("distinctId", item.event.distinct_id);
  warnings_.add(item.project, "message_size_too_large", std::move(details));
}

std::string EventProcessor::make_row(WorkItem& item, bool process_person, WallTime now) {
  event::RawEvent& raw = item.event;
  const PropertyUpdate update = normalise(raw, process_person);
  const PersonOnEvent person =
      persons_.process({item.project, raw.uuid, raw.event, raw.distinct_id, raw.timestamp,
                        process_person, raw.properties, update});
  auto groups = groups_.process({item.project, raw.uuid, raw.event, raw.distinct_id, raw.timestamp,
                                 raw.arrival, process_person, raw.properties});
  event::EventRow row;
  row.elements_chain = take_elements_chain(raw);
  row.uuid = raw.uuid;
  row.event = raw.event;
  row.properties = raw.properties.to_json();
  row.timestamp = raw.timestamp;
  row.project = item.project;
  row.distinct_id = raw.distinct_id;
  row.created_at = now;
  row.captured_at = raw.arrival;
  row.person_id = person.person_id;
  row.person_created_at = person.created_at;
  row.person_properties = person.properties;
  row.person_mode = person.mode;
  row.groups = std::move(groups);
  row.historical = raw.historical;
  return row.to_json();
}

void EventProcessor::collect(WallTime now, state::StateChanges& changes) {
  person_cache_.collect(now, changes);
  groups_.collect(now, changes);
  warnings_.collect(now, changes.outbox);
  for (const auto& [name, value] : counts_) changes.counters.push_back({name, value});
  changes.duplicates = new_hashes_;
  changes.duplicates_written_at = now;
  if (!expired_at_ || *expired_at_ + expiry_interval <= now) {
    expired_at_ = now;
    changes.duplicates_expire_before = now - duplicates_.window();
  }
}

void EventProcessor::committed() {
  person_cache_.committed();
  groups_.committed();
  warnings_.committed();
  counts_ = Counts();
  new_hashes_.clear();
}

}  // namespace mr::ingest
