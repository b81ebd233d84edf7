#pragma once

#include <string_view>

#include "base/strong.h"
#include "event/raw_event.h"
#include "ingest/person_properties.h"
#include "ingest/warnings.h"

namespace mr::ingest {

// The event names are cut to this many UTF-16 units, and distinct ids may have that many.
inline constexpr size_t event_name_units_max = 200;
inline constexpr size_t distinct_id_units_max = 400;

// Why an event must not go on, as a word of the contract ("invalid_alias"), or nothing. Its
// warning says more.
std::string_view refusal(const event::RawEvent& event, ProjectId project, Warnings& warnings);

// Whether the event may leave traces on a person: only capture and the boolean false of
// $process_person_profile say no (contract 2.1).
bool wants_person_processing(const event::RawEvent& event, ProjectId project, Warnings& warnings);

// Brings an accepted event into the form in which it is stored (contract 1.7, 1.8), and yields what
// it asks of its person; nothing when `process_person` is false.
PropertyUpdate normalise(event::RawEvent& event, bool process_person);

// The event's elements_chain, taken out of its properties (contract 5.11).
std::string take_elements_chain(event::RawEvent& event);

}  // namespace mr::ingest
