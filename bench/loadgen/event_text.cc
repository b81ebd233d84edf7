#include "bench/loadgen/event_text.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <string_view>

namespace mr::bench {

namespace {

constexpr std::array event_names = {"$pageview", "$autocapture",    "$pageleave",
                                    "signed_up", "order_completed", "video_played"};
constexpr std::array browsers = {"Chrome", "Safari", "Firefox", "Edge", "Mobile Safari"};
constexpr std::array systems = {"Mac OS X", "Windows", "Linux", "iOS", "Android"};
constexpr std::array currencies = {"EUR", "USD", "GBP", "CHF"};
constexpr std::array plans = {"free", "team", "business", "enterprise"};
constexpr std::array words = {"alpha ",  "cart ", "delta ", "north ", "checkout ",
                              "summer ", "blue ", "offer ", "page ",  "north-east "};

// Events carry times of the last minutes before the run.
constexpr uint32_t age_millis_max = 600'000;
// The wire form has at most this much besides the properties: names, uuid, braces.
constexpr size_t text_bytes_max = 2048;

// Appends what the printf-like arguments make; at most text_bytes_max bytes of it.
template <typename... Values>
void add(std::string& text, const char* form, Values... values) {
  std::array<char, text_bytes_max> piece;
  const int size = std::snprintf(piece.data(), piece.size(), form, values...);
  if (size > 0) text.append(piece.data(), std::min<size_t>(size, piece.size() - 1));
}

template <typename List>
const char* one_of(const List& list, RandomStream& random) {
  return list[random.below(static_cast<uint32_t>(list.size()))];
}

void add_time(std::string& text, int64_t millis) {
  const time_t seconds = millis / 1000;
  tm parts{};
  gmtime_r(&seconds, &parts);
  add(text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1,
      parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<int>(millis % 1000));
}

// A version 7 uuid: the run's start, the event's number, and random digits that the sender
// replaces. Yields where those begin.
uint32_t add_uuid(std::string& text, const EventShape& shape, uint32_t event,
                  RandomStream& random) {
  const auto time = static_cast<uint64_t>(shape.started_at);
  add(text, "%08" PRIx64 "-%04" PRIx64 "-7%03x-8%03x-", time >> 16, time & 0xffff,
      (event >> 12) & 0xfff, event & 0xfff);
  const auto fresh = static_cast<uint32_t>(text.size());
  add(text, "%012" PRIx64, random.next() & 0xffff'ffff'ffff);
  return fresh;
}

// The properties that a browser library and a shop would send, without the closing brace.
void add_properties(std::string& text, const EventShape& shape, RandomStream& random) {
  const unsigned page = random.below(5000);
  const unsigned reference = random.below(1u << 24);
  if (shape.form == WireForm::posthog) add(text, "\"token\":\"%s\",", shape.token.c_str());
  add(text, "\"$browser\":\"%s\",\"$browser_version\":%u,\"$os\":\"%s\",", one_of(browsers, random),
      110 + random.below(16), one_of(systems, random));
  add(text,
      "\"$current_url\":\"https://app.example.com/p/%u/item?ref=%x\",\"$host\":\"app.example.com\","
      "\"$pathname\":\"/p/%u/item\",",
      page, reference, page);
  add(text,
      "\"$screen_height\":%u,\"$screen_width\":%u,\"$viewport_height\":%u,\"$viewport_width\":%u,",
      800 + random.below(256), 1200 + random.below(512), 700 + random.below(128),
      1100 + random.below(256));
  add(text, "\"$lib\":\"web\",\"$lib_version\":\"1.205.0\",\"$insert_id\":\"%016" PRIx64 "\",",
      random.next());
  add(text, "\"$session_id\":\"0192f0c4-%04x-7abc-8def-%012" PRIx64 "\",", random.below(1u << 16),
      random.next() & 0xffff'ffff'ffff);
  add(text,
      "\"$referrer\":\"https://www.google.com/\",\"$referring_domain\":\"www.google.com\","
      "\"price\":%u.%02u,\"currency\":\"%s\",\"plan\":\"%s\",\"is_trial\":%s,",
      random.below(900), random.below(100), one_of(currencies, random), one_of(plans, random),
      random.below(2) == 0 ? "false" : "true");
  add(text, "\"items\":[{\"sku\":\"S-%u\",\"qty\":%u},{\"sku\":\"S-%u\",\"qty\":2}],",
      random.below(100'000), 1 + random.below(9), random.below(100'000));
  text += "\"$device_type\":\"Desktop\",\"$timezone\":\"Europe/Berlin\"";
}

// Fills up with words, which compress as people's text does.
void add_filler(std::string& text, size_t bytes, RandomStream& random) {
  const size_t end = text.size() + bytes;
  while (text.size() < end) text += one_of(words, random);
  text.resize(end);
}

// One event; yields where its fresh digits begin.
uint32_t add_event(std::string& text, const EventShape& shape, uint32_t event, bool alone,
                   RandomStream& random) {
  const size_t begin = text.size();
  const bool segment = shape.form == WireForm::segment;
  text += "{";
  if (alone && !segment) add(text, "\"api_key\":\"%s\",", shape.token.c_str());
  text += segment ? "\"type\":\"track\",\"messageId\":\"" : "\"uuid\":\"";
  const uint32_t fresh = add_uuid(text, shape, event, random);
  add(text, "\",\"event\":\"%s\",\"%s\":\"user-%08u\",\"timestamp\":\"",
      one_of(event_names, random), segment ? "userId" : "distinct_id", random.below(shape.users));
  add_time(text, shape.started_at - random.below(age_millis_max));
  text += "\",\"properties\":{";
  add_properties(text, shape, random);
  constexpr std::string_view note = ",\"note\":\"";
  constexpr std::string_view end = "\"}}";
  const size_t used = text.size() - begin + note.size() + end.size();
  text += note;
  add_filler(text, used < shape.event_bytes ? shape.event_bytes - used : 0, random);
  text += end;
  return fresh;
}

}  // namespace

BodyText write_body(const EventShape& shape, uint32_t first_event, RandomStream& random) {
  BodyText body;
  if (shape.events_per_request == 1) {
    body.fresh_digits.push_back(add_event(body.text, shape, first_event, true, random));
    return body;
  }
  const bool segment = shape.form == WireForm::segment;
  body.text = segment ? "{\"batch\":[" : "{\"api_key\":\"" + shape.token + "\",\"batch\":[";
  for (uint32_t i = 0; i < shape.events_per_request; ++i) {
    if (i > 0) body.text += ",";
    body.fresh_digits.push_back(add_event(body.text, shape, first_event + i, false, random));
  }
  body.text += segment ? "],\"sentAt\":\"" : "],\"sent_at\":\"";
  add_time(body.text, shape.started_at);
  body.text += "\"}";
  return body;
}

}  // namespace mr::bench
