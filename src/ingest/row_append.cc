#include "ingest/row_append.h"

#include "ingest/retry.h"

namespace mr::ingest {

namespace {

bool is_refusal(const Error& error) {
  return error.code() == ErrorCode::too_large || error.code() == ErrorCode::unsupported ||
         error.code() == ErrorCode::invalid_input;
}

io::Task<Result<stream::AppendedRange>> append(io::World world, stream::Appender& topic,
                                               std::vector<stream::RecordView> rows,
                                               const bool& stopping) {
  co_return co_await patiently(world, stopping, [&] { return topic.append(rows); });
}

}  // namespace

io::Task<Result<AppendedRows>> append_rows(io::World world, stream::Appender& topic,
                                           std::vector<stream::RecordView> rows,
                                           const bool& stopping) {
  AppendedRows outcome{topic.next_offset(), {}};
  if (rows.empty()) co_return outcome;
  const auto all = co_await append(world, topic, rows, stopping);
  if (all) {
    outcome.end = all->last + 1;
    co_return outcome;
  }
  if (!is_refusal(all.error())) co_return fail(all.error());
  for (size_t i = 0; i < rows.size(); ++i) {
    std::vector<stream::RecordView> alone(1);
    alone.front() = rows[i];
    const auto one = co_await append(world, topic, std::move(alone), stopping);
    if (one) {
      outcome.end = one->last + 1;
    } else if (is_refusal(one.error())) {
      outcome.refused.push_back({i, one.error().message()});
    } else {
      co_return fail(one.error());
    }
  }
  co_return outcome;
}

}  // namespace mr::ingest
