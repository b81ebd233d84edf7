#include "main/spool.h"

#include <algorithm>

#include "kafka/spooling_appender.h"
#include "log/embedded_log.h"
#include "main/kafka_places.h"
#include "main/log_places.h"

namespace mr::main {

namespace {

constexpr const char* forwarder_name = "forwarder";
// Of what was forwarded; what was not is never removed.
constexpr uint64_t kept_bytes_max = 256u * 1024 * 1024;

std::string spool_topic(event::Lane lane) {
  return std::string(event::topic_of(lane)) + ".spool";
}

std::string refused_topic(event::Lane lane) {
  return std::string(event::topic_of(lane)) + ".refused";
}

std::string position_name(event::Lane lane, int32_t partition) {
  return spool_topic(lane) + "-" + std::to_string(partition);
}

}  // namespace

Spool::Spool(ProcessRuntime& runtime, event::Lane lane)
    : runtime_(runtime),
      lane_(lane),
      positions_(open_positions(runtime, runtime.directory().spool())) {
  auto local = open_embedded_log(runtime);
  local->set_topic(spool_topic(lane), {{.bytes_max = kept_bytes_max}, {}});
  local->set_topic(refused_topic(lane), {{}, {}});
  local_ = std::move(local);
}

std::unique_ptr<Spool> Spool::open(ProcessRuntime& runtime, event::Lane lane) {
  const Settings& settings = runtime.settings();
  if (!uses_kafka(settings) || settings.text("kafka.spool") != "on") return nullptr;
  return std::unique_ptr<Spool>(new Spool(runtime, lane));
}

io::Task<Result<std::vector<Spool::Leftover>>> Spool::find_leftovers(stream::Log& local,
                                                                     stream::Checkpoints& positions,
                                                                     event::Lane lane,
                                                                     int32_t first) {
  std::vector<Leftover> found;
  MR_CO_TRY(const auto all, co_await local.list());
  for (const stream::TopicPartition& which : all) {
    if (which.topic != spool_topic(lane) || which.partition < first) continue;
    MR_CO_TRY(const auto reader, co_await local.open_reader(which));
    MR_CO_TRY(const auto saved, co_await positions.load(position_name(lane, which.partition)));
    const int64_t left = reader->end_offset() - (saved ? saved->next : Offset(0));
    if (left > 0) found.push_back({which.partition, left});
  }
  co_return found;
}

io::Task<void> Spool::warn_of_leftovers(ProcessRuntime& runtime) {
  if (!uses_kafka(runtime.settings())) co_return;
  const auto local = open_embedded_log(runtime);
  const auto positions = open_positions(runtime, runtime.directory().spool());
  for (const event::Lane lane : event::all_lanes) {
    const auto found = runtime.must(co_await find_leftovers(*local, *positions, lane, 0));
    for (const Leftover& left : found) {
      runtime.log().error("records wait in the spool and are not forwarded: set kafka.spool to on",
                          {{"topic", event::topic_of(lane)},
                           {"partition", left.partition},
                           {"records", left.records}});
      runtime.metrics()
          .gauge("millrace_spool_records", kafka::spool_records_help,
                 {{"spool", position_name(lane, left.partition)}})
          .set(left.records);
    }
  }
}

io::Task<void> Spool::forward_leftovers(stream::Log& remote, int32_t count) {
  const auto found = co_await find_leftovers(*local_, *positions_, lane_, count);
  if (!found) {
    runtime_.log().error("cannot look for what older spools hold",
                         {{"error", found.error().message()}});
    co_return;
  }
  for (const Leftover& left : *found) {
    if (runtime_.stopping()) co_return;
    const int32_t to = left.partition % count;
    runtime_.log().warning("records of a partition that is no more go to another one",
                           {{"partition", left.partition}, {"records", left.records}, {"to", to}});
    const auto begun = co_await forward_leftover(remote, left, to);
    if (begun) continue;
    runtime_.log().error("records wait in the spool and are not forwarded",
                         {{"partition", left.partition}, {"error", begun.error().message()}});
  }
}

io::Task<Result<void>> Spool::forward_leftover(stream::Log& remote, Leftover left, int32_t to) {
  MR_CO_TRY(auto appender,
            co_await remote.open_appender({std::string(event::topic_of(lane_)), to}, {}));
  MR_CO_TRY(auto spooling, co_await put_behind(std::move(appender), left.partition));
  leftovers_.push_back(std::move(spooling));
  co_return Result<void>();
}

io::Task<Result<void>> Spool::close() {
  Result<void> outcome;
  for (const auto& leftover : leftovers_) {
    const Result<void> closed = co_await leftover->close();
    if (outcome) outcome = closed;
  }
  co_return outcome;
}

io::Task<Result<int32_t>> Spool::partitions() {
  int32_t count = 0;
  MR_CO_TRY(const auto all, co_await local_->list());
  for (const stream::TopicPartition& which : all) {
    if (which.topic == spool_topic(lane_)) count = std::max(count, which.partition + 1);
  }
  co_return count;
}

io::Task<Result<std::unique_ptr<stream::Appender>>> Spool::put_behind(
    std::unique_ptr<stream::Appender> remote, int32_t partition) {
  const stream::TopicPartition which{spool_topic(lane_), partition};
  const std::string name = position_name(lane_, partition);
  MR_CO_TRY(const auto saved, co_await positions_->load(name));
  // First: a spool that lost its files then goes on above what was forwarded.
  MR_CO_TRY(auto consumer, co_await local_->register_consumer(which, forwarder_name,
                                                              saved ? saved->next : Offset(0)));
  MR_CO_TRY(auto local, co_await local_->open_appender(which, {}));
  MR_CO_TRY(auto reader, co_await local_->open_reader(which));
  MR_CO_TRY(auto refused, co_await local_->open_appender({refused_topic(lane_), partition}, {}));
  kafka::SpoolOptions options;
  options.patience = runtime_.settings().duration("kafka.spool_after");
  MR_CO_TRY(auto spooling, co_await kafka::SpoolingAppender::open(
                               {runtime_.world(), std::move(remote), std::move(local),
                                std::move(reader), std::move(refused), std::move(consumer),
                                *positions_, name, runtime_.log(), runtime_.metrics()},
                               options));
  co_return std::move(spooling);
}

}  // namespace mr::main
