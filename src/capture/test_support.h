#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/capture_service.h"
#include "event/envelope.h"
#include "http/parser.h"
#include "io/signal.h"

// For tests only: a log in memory and the service on it.
namespace mr::capture {

// Keeps what is appended. Fails with `failure` when that is set; while `held`, an append waits, as
// for a slow disk.
class MemoryAppender final : public stream::Appender {
 public:
  struct Kept {
    std::string key;
    std::string value;
    WallTime timestamp;
    event::Envelope envelope;
    event::Lane lane = event::Lane::main;
    bool restricted = false;
  };

  explicit MemoryAppender(io::World world) : released_(world.loop) {}

  io::Task<Result<stream::AppendedRange>> append(std::vector<stream::RecordView> records) override {
    ++appends;
    const event::Lane lane = arriving;
    while (held) co_await released_.wait();
    if (failure) co_return fail(*failure, "the log says no");
    const Offset first = next_offset();
    for (const stream::RecordView& record : records) {
      Kept keep{std::string(as_text(record.key)),
                std::string(as_text(record.value)),
                record.timestamp,
                {},
                lane};
      MR_ASSERT(!record.headers.empty() && record.headers[0].name == event::envelope_header);
      for (const auto& header : record.headers) {
        keep.restricted = keep.restricted || header.name == event::restricted_header;
      }
      keep.envelope = event::decode_envelope(record.headers[0].value, record.key).value();
      kept.push_back(std::move(keep));
    }
    co_return stream::AppendedRange{first, next_offset() + -1};
  }
  Offset next_offset() const override { return Offset(static_cast<int64_t>(kept.size())); }
  void publish(Offset) override {}
  io::Task<Result<void>> close() override { co_return Result<void>{}; }
  stream::AppenderStatus status() const override {
    stream::AppenderStatus status;
    status.opened = opened;
    return status;
  }

  void release() {
    held = false;
    released_.notify();
  }

  std::vector<Kept> kept;
  event::Lane arriving = event::Lane::main;  // of the append that begins
  std::optional<ErrorCode> failure;
  bool opened = true;
  bool held = false;
  int appends = 0;

 private:
  io::Signal released_;
};

// A lane's way to the appender that all of them share.
class SharedAppender final : public stream::Appender {
 public:
  SharedAppender(MemoryAppender& to, event::Lane lane) : to_(to), lane_(lane) {}
  io::Task<Result<stream::AppendedRange>> append(std::vector<stream::RecordView> records) override {
    to_.arriving = lane_;
    co_return co_await to_.append(std::move(records));
  }
  Offset next_offset() const override { return to_.next_offset(); }
  void publish(Offset end) override { to_.publish(end); }
  io::Task<Result<void>> close() override { return to_.close(); }
  stream::AppenderStatus status() const override { return to_.status(); }

 private:
  MemoryAppender& to_;
  event::Lane lane_;
};

// Lanes of one partition each, all kept by one appender.
class MemoryLanes final : public LaneOpener {
 public:
  MemoryLanes(io::World world, MemoryAppender& to) : world_(world), to_(to) {}
  io::Task<std::unique_ptr<stream::TopicAppender>> open(event::Lane lane) override {
    opened.push_back(lane);
    std::vector<std::unique_ptr<stream::Appender>> partitions;
    partitions.push_back(std::make_unique<SharedAppender>(to_, lane));
    co_return std::make_unique<stream::TopicAppender>(world_.loop, std::move(partitions));
  }

  std::vector<event::Lane> opened;

 private:
  io::World world_;
  MemoryAppender& to_;
};

// Two projects: token phc_known is 1, phc_other is 2.
class TwoProjects final : public ProjectFinder {
 public:
  const catalog::Project* find(std::string_view token) const override {
    return current.find_token(token);
  }
  const catalog::Snapshot& snapshot() const override { return current; }
  // The same projects with rules.
  void set_rules(std::vector<catalog::Quota> quotas,
                 std::vector<catalog::Restriction> restrictions) {
    current =
        catalog::Snapshot(2, current.projects(), "", std::move(quotas), std::move(restrictions));
  }

  catalog::Snapshot current{
      1, {{ProjectId(1), "known", "phc_known", {}}, {ProjectId(2), "other", "phc_other", {}}}, ""};
};

// Rules that believe what requests say of their clients' addresses.
inline CaptureRules believing_rules() {
  CaptureRules rules{.api = {"unix:/nowhere/api.sock"}};
  rules.trusted_proxies = TrustedProxies::parse("all").value();
  return rules;
}

// The service with everything that it needs, in some world.
struct ServiceFixture {
  explicit ServiceFixture(io::World in, CaptureRules rules = believing_rules())
      : world(in),
        appender(in),
        log(telemetry::Logger::to_memory()),
        metrics_page(in, metrics, "accept", {}),
        opener(in, appender),
        lanes(in.loop, opener),
        usage(in, "usage", *log),
        service(in, lanes, usage, projects, metrics, *log, metrics_page, std::move(rules)) {}

  // Has the service answer a request given as its head (with the empty line) and its body.
  io::Task<http::Response> ask(std::string head, std::string body, std::string peer = "192.0.2.1") {
    http::RequestParser parser;
    MR_ASSERT(parser.parse_head(head) == http::RequestParser::Progress::complete);
    co_return co_await service.handle({&parser.head(), as_bytes(body), peer});
  }
  io::Task<http::Response> post(std::string target, std::string body) {
    return ask("POST " + target + " HTTP/1.1\r\nHost: a\r\n\r\n", std::move(body));
  }
  int64_t refused(std::string_view reason, std::string_view project = "") const {
    return metrics.value("millrace_capture_requests_refused_total",
                         {{"project", project}, {"reason", reason}});
  }

  io::World world;
  telemetry::Metrics metrics;
  MemoryAppender appender;
  TwoProjects projects;
  std::unique_ptr<telemetry::Logger> log;
  MetricsPage metrics_page;
  MemoryLanes opener;
  LaneAppender lanes;
  Usage usage;
  CaptureService service;
};

}  // namespace mr::capture
