#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "capture/test_support.h"
#include "codec/base64.h"
#include "codec/gzip.h"
#include "codec/hex.h"
#include "codec/percent.h"
#include "event/timestamp.h"
#include "sim/sim_world.h"

// Runs tests/golden/capture/*.case, whose form tests/golden/README.md describes.
namespace mr::capture {
namespace {

struct GoldenRecord {
  std::string value;
  std::map<std::string, std::string> fields;  // key, event, timestamp, …
};

struct GoldenCase {
  std::string name;
  std::string request_line;
  std::map<std::string, std::string> headers;
  std::string body;
  std::string log;
  int status = 0;
  std::vector<std::pair<std::string, std::string>> checks;  // answer, answer-has, counted, …
  std::vector<GoldenRecord> records;
  bool has_body = false;
};

std::string from_hex(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(codec::hex_digit_value(text[i]) * 16 +
                               codec::hex_digit_value(text[i + 1]));
  }
  return bytes;
}

std::string encoded(const std::string& how, const std::string& body) {
  if (how == "gzip") return codec::gzip(body);
  if (how == "base64") return codec::base64_encode(body);
  if (how == "percent") return codec::percent_encode(body);
  if (how == "crlf") {
    std::string lines;
    for (const char c : body) lines += c == '\n' ? "\r\n" : std::string(1, c);
    return lines;
  }
  EXPECT_EQ(how, "form");
  return "data=" + codec::percent_encode(body);
}

// "Name: value"
void put_header(const std::string& line, std::map<std::string, std::string>& headers) {
  const size_t colon = line.find(": ");
  ASSERT_NE(colon, std::string::npos) << line;
  headers[line.substr(0, colon)] = line.substr(colon + 2);
}

// One line of a case; false when it is not understood.
bool read_line(const std::string& word, const std::string& rest, GoldenCase& golden) {
  if (word == "request") {
    golden.request_line = rest;
  } else if (word == "header") {
    put_header(rest, golden.headers);
  } else if (word == "without") {
    golden.headers.erase(rest);
  } else if (word == "body") {
    golden.body += (golden.has_body ? "\n" : "") + rest;
    golden.has_body = true;
  } else if (word == "body-hex") {
    golden.body += from_hex(rest);
  } else if (word == "body-repeat") {
    const size_t blank = rest.find(' ');
    for (int i = std::stoi(rest.substr(0, blank)); i > 0; --i) {
      golden.body += rest.substr(blank + 1);
    }
  } else if (word == "encode") {
    golden.body = encoded(rest, golden.body);
  } else if (word == "log") {
    golden.log = rest;
  } else if (word == "status") {
    golden.status = std::stoi(rest);
  } else if (word == "answer" || word == "answer-has" || word == "answer-header" ||
             word == "no-answer-header" || word == "counted") {
    golden.checks.emplace_back(word, rest);
  } else if (word == "record") {
    golden.records.push_back({rest, {}});
  } else if (!golden.records.empty()) {
    golden.records.back().fields[word] = rest;
  } else {
    return false;
  }
  return true;
}

std::vector<GoldenCase> read_cases(const std::filesystem::path& path) {
  std::vector<GoldenCase> cases;
  std::map<std::string, std::string> common_headers;
  std::ifstream file(path);
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    const size_t colon = line.find(':');
    const std::string word = line.substr(0, colon);
    std::string rest = colon == std::string::npos ? "" : line.substr(colon + 1);
    if (rest.starts_with(' ')) rest.erase(0, 1);
    if (word == "case") {
      cases.emplace_back();
      cases.back().name = path.filename().string() + ": " + rest;
      cases.back().headers = common_headers;
    } else if (word == "common-header" && cases.empty()) {
      put_header(rest, common_headers);
    } else if (cases.empty() || !read_line(word, rest, cases.back())) {
      ADD_FAILURE() << path << " line " << number << " is not understood: " << line;
    }
  }
  return cases;
}

std::optional<ErrorCode> error_code(const std::string& word) {
  for (const ErrorCode code :
       {ErrorCode::busy, ErrorCode::no_space, ErrorCode::io_failed, ErrorCode::closed}) {
    if (to_string(code) == word) return code;
  }
  return std::nullopt;
}

// The record's value for a field of a case, in the case's words.
std::string field_of(const MemoryAppender::Kept& kept, const std::string& name,
                     const std::string& wanted) {
  const event::Envelope& envelope = kept.envelope;
  if (name == "key") return kept.key;
  if (name == "topic") return std::string(event::topic_of(kept.lane));
  if (name == "event") return envelope.event;
  if (name == "distinct_id") return envelope.distinct_id;
  if (name == "uuid") return codec::to_string(envelope.uuid);
  if (name == "ip") return envelope.ip;
  if (name == "context") return envelope.context;
  if (name == "dialect") return std::string(event::to_string(envelope.dialect));
  if (name == "personless") return envelope.personless ? "true" : "false";
  if (name == "historical") return envelope.historical ? "true" : "false";
  if (name == "timestamp" && wanted.starts_with("now")) {
    const int64_t distance = envelope.timestamp.millis - envelope.arrival.millis;
    return distance == 0 ? "now"
                         : "now" + std::string(distance > 0 ? "+" : "") + std::to_string(distance);
  }
  if (name == "timestamp") return event::format_rfc3339(envelope.timestamp);
  ADD_FAILURE() << "a record has no field " << name;
  return "";
}

void check_answer(const GoldenCase& golden, const http::Response& response,
                  const ServiceFixture& fixture) {
  EXPECT_EQ(response.status, golden.status) << response.body;
  for (const auto& [what, wanted] : golden.checks) {
    if (what == "answer") {
      EXPECT_EQ(response.body, wanted);
    }
    if (what == "answer-has") {
      EXPECT_NE(response.body.find(wanted), std::string::npos) << response.body;
    }
    if (what == "answer-header") {
      EXPECT_NE(response.header_lines().find(wanted + "\r\n"), std::string::npos)
          << wanted << " is not in\n"
          << response.header_lines();
    }
    if (what == "no-answer-header") {
      EXPECT_EQ(response.header_lines().find(wanted + ":"), std::string::npos);
    }
    if (what == "counted") {
      EXPECT_EQ(fixture.refused(wanted) + fixture.refused(wanted, "1"), 1)
          << fixture.metrics.render();
    }
  }
}

void check_records(const GoldenCase& golden, const MemoryAppender& appender) {
  ASSERT_EQ(appender.kept.size(), golden.records.size());
  for (size_t i = 0; i < golden.records.size(); ++i) {
    EXPECT_EQ(appender.kept[i].value, golden.records[i].value);
    EXPECT_EQ(appender.kept[i].timestamp, appender.kept[i].envelope.arrival);
    for (const auto& [name, wanted] : golden.records[i].fields) {
      EXPECT_EQ(field_of(appender.kept[i], name, wanted), wanted) << name;
    }
  }
}

void run_case(const GoldenCase& golden) {
  SCOPED_TRACE(golden.name);
  sim::SimWorld world(1);
  ServiceFixture fixture(world.world());
  fixture.appender.failure = error_code(golden.log);
  std::string head = golden.request_line + " HTTP/1.1\r\nHost: millrace.test\r\n";
  for (const auto& [name, value] : golden.headers) head += name + ": " + value + "\r\n";
  const auto response = world.run(fixture.ask(head + "\r\n", golden.body));
  ASSERT_TRUE(response.has_value());
  check_answer(golden, *response, fixture);
  check_records(golden, fixture.appender);
}

TEST(CaptureGolden, EveryRecordedRequestIsAnsweredAsRecorded) {
  const std::filesystem::path folder =
      std::filesystem::path(MR_SOURCE_DIR) / "tests" / "golden" / "capture";
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".case") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  size_t count = 0;
  for (const auto& file : files) {
    for (const GoldenCase& golden : read_cases(file)) {
      run_case(golden);
      ++count;
    }
  }
  EXPECT_GE(count, 50u);
}

}  // namespace
}  // namespace mr::capture
