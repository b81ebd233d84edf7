#pragma once

#include <string>

#include "base/result.h"
#include "base/strong.h"
#include "base/time.h"

struct rd_kafka_s;

// Questions to the brokers about a partition. They block: ask on an io::Worker.
namespace mr::kafka {

struct Watermarks {
  Offset first;
  Offset end;
};

// Errors: timed_out, not_found, unauthorized.
Result<Watermarks> query_watermarks(rd_kafka_s* client, const std::string& topic, int32_t partition,
                                    Millis timeout);

// The first offset whose timestamp is at or after `time`; the end when there is none.
Result<Offset> query_time(rd_kafka_s* client, const std::string& topic, int32_t partition,
                          WallTime time, Millis timeout);

}  // namespace mr::kafka
