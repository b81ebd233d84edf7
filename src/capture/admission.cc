#include "capture/admission.h"

#include "capture/restrictions.h"
#include "io/clock.h"

namespace mr::capture {
namespace {

event::DropReason over_quota(catalog::Resource resource) {
  switch (resource) {
    case catalog::Resource::exceptions:
      return event::DropReason::quota_exceptions;
    case catalog::Resource::recordings:
      return event::DropReason::quota_recordings;
    case catalog::Resource::ai:
      return event::DropReason::quota_ai;
    case catalog::Resource::events:
      break;
  }
  return event::DropReason::quota_events;
}

}  // namespace

catalog::Resource resource_of(event::Lane lane) {
  switch (lane) {
    case event::Lane::exceptions:
      return catalog::Resource::exceptions;
    case event::Lane::ai:
      return catalog::Resource::ai;
    case event::Lane::replay:
      return catalog::Resource::recordings;
    default:
      return catalog::Resource::events;
  }
}

Admitted Admission::admit(ProjectId project, const catalog::Snapshot& rules,
                          event::CapturedBatch& batch) {
  for (event::CapturedEvent& captured : batch.events) {
    captured.lane = event::lane_of(captured.envelope);
  }
  apply_restrictions(rules.restrictions_of(project), batch);
  Admitted admitted{.exhausted = apply_quotas(rules.quotas_of(project), batch)};
  const Instant now = world_.clock.now();
  if (global_.has_limit()) admitted.over_limit = apply_global_limit(batch, now);
  for (event::CapturedEvent& captured : batch.events) {
    admitted.over_rate += spill(captured, now) ? 1 : 0;
  }
  return admitted;
}

std::optional<catalog::Resource> Admission::apply_quotas(std::span<const catalog::Quota> quotas,
                                                         event::CapturedBatch& batch) {
  std::optional<catalog::Resource> exhausted;
  for (const catalog::Quota& quota : quotas) {
    if (usage_.used(quota.project, quota.resource, quota.period) < quota.limit) continue;
    const size_t before = batch.events.size();
    drop_events(batch, [&](event::CapturedEvent& captured) -> std::optional<event::DropReason> {
      if (resource_of(captured.lane) != quota.resource) return std::nullopt;
      return over_quota(quota.resource);
    });
    if (batch.events.size() < before) exhausted = quota.resource;
  }
  return exhausted;
}

uint32_t Admission::apply_global_limit(event::CapturedBatch& batch, Instant now) {
  uint32_t limited = 0;
  for (event::CapturedEvent& captured : batch.events) {
    const event::Envelope& envelope = captured.envelope;
    // Recordings have no persons, and a lane of their own.
    if (captured.lane == event::Lane::replay) continue;
    if (!global_.overflows(envelope.token, envelope.distinct_id, now)) continue;
    batch.make_personless(captured);
    if (captured.lane == event::Lane::main) captured.lane = event::Lane::overflow;
    ++limited;
  }
  return limited;
}

bool Admission::spill(event::CapturedEvent& captured, Instant now) {
  const event::Envelope& envelope = captured.envelope;
  // Only what would travel in the main lane can be in others' way.
  if (captured.lane != event::Lane::main) return false;
  const bool is_over =
      !captured.forced_overflow && overflow_.overflows(envelope.token, envelope.distinct_id, now);
  if (is_over || captured.forced_overflow) captured.lane = event::Lane::overflow;
  return is_over;
}

void Admission::count(ProjectId project, const event::CapturedBatch& batch) {
  std::array<int64_t, catalog::all_resources.size()> counts{};
  for (const event::CapturedEvent& captured : batch.events) {
    ++counts[static_cast<size_t>(resource_of(captured.lane))];
  }
  for (const catalog::Resource resource : catalog::all_resources) {
    const int64_t quantity = counts[static_cast<size_t>(resource)];
    if (quantity > 0) usage_.add(project, resource, quantity);
  }
}

}  // namespace mr::capture
