#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "capture/admission.h"
#include "capture/answer.h"
#include "capture/capture_counters.h"
#include "capture/client_settings.h"
#include "capture/lane_appender.h"
#include "capture/limits.h"
#include "capture/metrics_page.h"
#include "capture/path_prefixes.h"
#include "capture/route.h"
#include "capture/static_files.h"
#include "capture/trusted_proxies.h"
#include "catalog/snapshot.h"
#include "codec/uuid.h"
#include "event/captured_batch.h"
#include "http/response.h"
#include "io/network.h"
#include "io/random.h"
#include "io/world.h"
#include "telemetry/log_line.h"
#include "telemetry/metrics.h"

namespace mr::capture {

// Whose token a token is. Implemented over the catalog's live snapshot; one loop.
class ProjectFinder {
 public:
  virtual ~ProjectFinder() = default;
  // Null when no project has exactly that token. Good until the next suspension.
  virtual const catalog::Project* find(std::string_view token) const = 0;
  // All that is known now, with the projects' rules. Good until the next suspension.
  virtual const catalog::Snapshot& snapshot() const = 0;
};

// What the operator decides about capture.
struct CaptureRules {
  io::Address api;  // /api/… is relayed there
  // Events of tokens that no project has are kept too, and ingest drops them with a counted reason;
  // else they get 401.
  bool accepts_unknown_tokens = false;
  // Answers name where a request's events lie: the header Millrace-Receipt (docs/API.md).
  bool gives_receipts = false;
  // Tokens of the projects whose browsers are told to record sessions; "*": all.
  std::vector<std::string> recorded_tokens{};
  // Where the scripts lie that browser libraries load from us; empty: there are none.
  std::string static_folder{};
  OverflowLimits overflow;  // beyond it: the overflow lane
  OverflowLimits global;    // beyond it: that, and no person either
  TrustedProxies trusted_proxies;
  PathPrefixes path_prefixes;
};

// The stage itself: answers the public port. An event request is answered with success only after
// LaneAppender::append has completed, that is when its records are durable; every refusal and drop
// is counted by reason. Collaborators outlive it. One loop.
class CaptureService final : public http::Handler {
 public:
  CaptureService(io::World world, LaneAppender& lanes, Usage& usage, const ProjectFinder& projects,
                 telemetry::Metrics& metrics, telemetry::Logger& log, MetricsPage& metrics_page,
                 CaptureRules rules);

  size_t body_bytes_max(const http::RequestHead& head) const override;
  io::Task<http::Response> handle(http::Request request) override;
  http::Response refuse(const http::RequestHead* head, http::Refusal refusal, int status,
                        std::string_view reason) override;

  // From now on /_readiness says 503, so that balancers look elsewhere.
  void begin_drain() { draining_ = true; }
  const CaptureCounters& counters() const { return counters_; }
  // Why the log refused appends lately ("log_full"), or "" when it did not.
  std::string_view log_trouble() const;

 private:
  // Version 7 identifiers from the door of chance.
  class Uuids final : public event::UuidSource {
   public:
    explicit Uuids(io::Random& random) : random_(random) {}
    codec::Uuid next(WallTime at) override;

   private:
    io::Random& random_;
  };

  // The route of a request, wherever below a prefix it is served.
  Route route_in_place(const http::RequestHead& head) const;
  io::Task<http::Response> handle_event_route(http::Request request, Route route);
  http::Response status_page(Route route) const;
  event::CaptureVerdict decode(const http::Request& request, Route route);
  io::Task<Outcome> accept(event::CaptureVerdict verdict);
  Outcome refused(const event::Refusal& refusal);
  Outcome append_failed(ProjectId project, const Error& error, size_t events);
  void note_log(std::string_view trouble, std::string_view message);

  io::World world_;
  LaneAppender& lanes_;
  const ProjectFinder& projects_;
  telemetry::Logger& log_;
  MetricsPage& metrics_page_;
  ClientSettings settings_;
  StaticFiles static_files_;
  CaptureRules rules_;
  CaptureCounters counters_;
  Admission admission_;
  Uuids uuids_;
  size_t pending_bytes_ = 0;
  bool draining_ = false;
  std::string_view trouble_;  // static text
  Instant trouble_at_;
};

}  // namespace mr::capture
