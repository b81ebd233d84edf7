#include "main/replay_ingest.h"

#include "main/log_places.h"

namespace mr::main {

namespace {

class RowsMade final : public ConsumerNotes::Position {
 public:
  RowsMade(const ingest::ReplayPipeline& pipeline, size_t input)
      : pipeline_(pipeline), input_(input) {}
  Offset finished() const override { return pipeline_.finished(input_); }

 private:
  const ingest::ReplayPipeline& pipeline_;
  size_t input_;
};

}  // namespace

io::Task<std::unique_ptr<ReplayIngest>> ReplayIngest::open(ProcessRuntime& runtime, Parts parts) {
  std::unique_ptr<ReplayIngest> ingest(new ReplayIngest(runtime));
  const auto opened = co_await ingest->open(parts);
  if (opened) co_return ingest;
  runtime.log().error("recordings are not ingested until the next start",
                      {{"error", opened.error().message()}});
  if (ingest->rows_) runtime.must(co_await ingest->rows_->close());
  co_return nullptr;
}

io::Task<Result<void>> ReplayIngest::open(Parts parts) {
  const std::string input(ingest::replay_input_topic);
  const std::string output(ingest::replay_output_topic);
  MR_CO_TRY(const auto positions, co_await parts.state.positions());
  stream::AppendOptions options;
  options.visibility = stream::Visibility::on_publish;
  options.truncate_to = state::position_of(positions, ingest::position_name(output));
  MR_CO_TRY(rows_, co_await parts.log.open_appender({output, first_partition}, options));
  std::vector<ingest::InputPartition> captured;
  for (int32_t number = 0; number < parts.partitions; ++number) {
    MR_CO_TRY(auto reader, co_await parts.log.open_reader({input, number}));
    readers_.push_back(std::move(reader));
    captured.push_back({event::Lane::replay, number, *readers_.back()});
  }
  MR_CO_TRY(pipeline_,
            co_await ingest::ReplayPipeline::open(
                {runtime_.world(), captured, *rows_, parts.log.cuts_uncommitted(), parts.state,
                 parts.projects, parts.outbox, runtime_.log(), runtime_.metrics()},
                runtime_.directory().replay_page()));
  for (size_t i = 0; i < captured.size(); ++i) {
    MR_CO_TRY(auto consumer, co_await parts.log.register_consumer(
                                 {input, captured[i].number}, "replay", pipeline_->finished(i)));
    parts.notes.add(std::move(consumer), std::make_unique<RowsMade>(*pipeline_, i));
  }
  co_return Result<void>{};
}

io::Task<void> ReplayIngest::run() {
  runtime_.must(co_await pipeline_->run());
}

}  // namespace mr::main
