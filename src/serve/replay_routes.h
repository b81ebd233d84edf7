#pragma once

#include <string>

#include "http/response.h"
#include "io/network.h"
#include "io/world.h"
#include "stream/log.h"

namespace mr::serve {

// Recordings of sessions, by the rows that the warehouse has of them; what was recorded comes from
// the log, where the rows point:
//   GET /api/replay/sessions?project=ID&limit=N      {"sessions":[…]}, the latest ones
//   GET /api/replay/sessions/SESSION_ID?project=ID   one of them, with its blocks
//   GET …/SESSION_ID/snapshots?project=ID            lines of JSON: ["WINDOW_ID",SNAPSHOT]
// A snapshot is the text that the client sent, but for line feeds between its tokens, which become
// blanks. A block that the log no longer holds is a line that is an object (tail.h, damage_line).
// A project has to be named only where two have a session of that id.
class ReplayRoutes final : public http::Handler {
 public:
  // All of it outlives the routes. `store` is where the store process answers POST /query.
  ReplayRoutes(io::World& world, stream::Log& log, io::Address store)
      : world_(world), log_(log), store_(std::move(store)) {}

  size_t body_bytes_max(const http::RequestHead&) const override { return 0; }
  io::Task<http::Response> handle(http::Request request) override;

 private:
  struct Wanted;
  io::Task<Result<std::string>> ask(std::string sql, std::string format);
  // The objects of the answer, as the raw text of an array.
  io::Task<Result<std::string>> ask_objects(std::string sql);
  io::Task<Result<std::string>> list(Wanted wanted);
  io::Task<Result<std::string>> session(Wanted wanted);
  io::Task<Result<std::unique_ptr<http::BodySource>>> snapshots(Wanted wanted);

  io::World& world_;
  stream::Log& log_;
  io::Address store_;
};

// The lines of one captured record: ["WINDOW_ID",SNAPSHOT] each. Errors: invalid_input.
Result<std::string> snapshot_lines(const stream::Record& record);

}  // namespace mr::serve
