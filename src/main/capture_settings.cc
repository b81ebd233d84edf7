#include "main/capture_settings.h"

#include "codec/utf8.h"

namespace mr::main {

namespace {

// What stands between commas, without blanks around it.
std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    if (const auto item = codec::trim(text.substr(0, end)); !item.empty()) items.emplace_back(item);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return items;
}

// The value of a setting that has a form of its own.
template <typename Value>
Result<Value> parsed(const Settings& settings, const char* key) {
  auto value = Value::parse(settings.text(key));
  if (!value) return fail(ErrorCode::invalid_input, key + (": " + value.error().message()));
  return value;
}

Result<capture::OverflowLimits> global_limit(const Settings& settings) {
  const auto events = static_cast<uint32_t>(settings.count("capture.global_limit"));
  const int64_t window = settings.duration("capture.global_window").count;
  if (window <= 0) return fail(ErrorCode::invalid_input, "capture.global_window must not be 0");
  return capture::OverflowLimits{static_cast<float>(events) * 1000 / static_cast<float>(window),
                                 events};
}

}  // namespace

Result<capture::CaptureRules> capture_rules(const Settings& settings) {
  capture::CaptureRules rules;
  rules.accepts_unknown_tokens = settings.text("capture.unknown_tokens") == "accept";
  rules.gives_receipts = settings.text("capture.receipts") == "on";
  rules.recorded_tokens = split_list(settings.text("replay.projects"));
  rules.static_folder = settings.text("capture.static_folder");
  rules.overflow = {static_cast<float>(settings.count("capture.overflow_rate")),
                    static_cast<uint32_t>(settings.count("capture.overflow_burst"))};
  MR_TRY(rules.global, global_limit(settings));
  MR_TRY(rules.trusted_proxies,
         parsed<capture::TrustedProxies>(settings, "capture.trusted_proxies"));
  MR_TRY(rules.path_prefixes, parsed<capture::PathPrefixes>(settings, "capture.path_prefixes"));
  return rules;
}

}  // namespace mr::main
