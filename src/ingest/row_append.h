#pragma once

#include <string>
#include <vector>

#include "io/world.h"
#include "stream/stream.h"

namespace mr::ingest {

// A row that its topic does not take, however often it is tried: a broker's limit on its size, or a
// rule of the topic.
struct RefusedRow {
  size_t index = 0;  // among those that were to be appended
  std::string why;
};

struct AppendedRows {
  Offset end;  // one past the last row that was appended; the topic's end when none was
  std::vector<RefusedRow> refused;
};

// Appends the rows in order. What passes (retry.h) is waited for until `stopping` is set. A row
// that is refused for good is left out and named, or everything behind it would wait for ever; rows
// beside it may lie twice in a log that cannot be cut, which their readers drop. Errors: what ended
// the waiting; what may not pass.
io::Task<Result<AppendedRows>> append_rows(io::World world, stream::Appender& topic,
                                           std::vector<stream::RecordView> rows,
                                           const bool& stopping);

}  // namespace mr::ingest
