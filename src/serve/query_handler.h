#pragma once

#include "http/response.h"
#include "store/warehouse.h"

namespace mr::serve {

// A query's JSON body {"sql": …, "format": "json|table|csv|tsv"} has at most this many bytes.
inline constexpr size_t query_body_bytes_max = 1024 * 1024;

// Answers POST /query of the store process: the result in the format that was asked for, or an
// error that says what is wrong with the query.
class QueryHandler final : public http::Handler {
 public:
  explicit QueryHandler(store::Warehouse& warehouse) : warehouse_(warehouse) {}

  size_t body_bytes_max(const http::RequestHead&) const override { return query_body_bytes_max; }
  io::Task<http::Response> handle(http::Request request) override;

 private:
  store::Warehouse& warehouse_;
};

}  // namespace mr::serve
