#include "main/captured_form.h"

#include <algorithm>

#include "event/captured_message.h"

namespace mr::main {

namespace {

template <typename Record>
kafka::FormedRecord copy_of(const Record& record) {
  kafka::FormedRecord copy{
      std::string(as_text(record.key)), std::string(as_text(record.value)), {}};
  for (const stream::HeaderView& header : record.headers) {
    copy.headers.emplace_back(header.name, as_text(header.value));
  }
  return copy;
}

bool is_message_header(std::string_view name) {
  constexpr std::string_view names[] = {"token",
                                        "distinct_id",
                                        "session_id",
                                        "timestamp",
                                        "event",
                                        "uuid",
                                        "now",
                                        "historical_migration",
                                        event::personless_header};
  return std::ranges::find(names, name) != std::end(names);
}

}  // namespace

Result<kafka::FormedRecord> CapturedForm::to_brokers(const stream::RecordView& record) const {
  const auto encoded =
      std::ranges::find(record.headers, event::envelope_header, &stream::HeaderView::name);
  if (encoded == record.headers.end()) return copy_of(record);
  const auto envelope = event::decode_envelope(encoded->value, record.key);
  if (!envelope) return copy_of(record);
  auto json = event::captured_message_json(*envelope, as_text(record.value));
  if (!json) return copy_of(record);  // a dead letter may hold anything
  kafka::FormedRecord formed{std::string(as_text(record.key)), *std::move(json),
                             event::captured_message_headers(*envelope, as_text(record.value))};
  for (const stream::HeaderView& header : record.headers) {
    if (header.name == event::envelope_header) continue;
    formed.headers.emplace_back(header.name, as_text(header.value));
  }
  return formed;
}

Result<kafka::FormedRecord> CapturedForm::from_brokers(const stream::Record& record) const {
  if (record.header(event::envelope_header)) return copy_of(record);
  auto captured = event::read_captured_message(as_text(record.value));
  if (!captured) return copy_of(record);
  kafka::FormedRecord formed{std::string(as_text(record.key)), std::move(captured->value), {}};
  const auto personless = record.header(event::personless_header);
  captured->envelope.personless = personless && as_text(*personless) == "true";
  const Bytes envelope = event::encode_envelope(captured->envelope);
  formed.headers.emplace_back(event::envelope_header, as_text(envelope));
  for (const stream::HeaderView& header : record.headers) {
    if (is_message_header(header.name)) continue;
    formed.headers.emplace_back(header.name, as_text(header.value));
  }
  return formed;
}

}  // namespace mr::main
