#pragma once

#include <memory>

#include "catalog/catalog.h"
#include "http/router.h"
#include "serve/status_report.h"
#include "stream/log.h"

namespace mr::serve {

// The control API of a server, spoken by the command line and later by the web page:
//   GET  /api/status     what the server is doing (status_report.h)
//   GET  /api/projects   {"projects":[{id,name,token,created_at}]}
//   POST /api/projects   {"name","token"?} → 201 and the project
//   POST /api/query      {"sql","format"} → the result, answered by the store process
//   GET  /api/tail       ?topic=PATTERN&from=OFFSET&follow=1 → lines of JSON (tail.h)
//   GET  /api/replay/sessions…  recorded sessions (replay_routes.h)
//   /api/quotas, /api/restrictions   rules for what projects send (traffic_routes.h)
// Errors are {"error":{"code","message"}}. It trusts its caller: over TCP an AdminGate stands
// before it.
class ControlApi {
 public:
  // Everything outlives it. `store_socket` is where the store process answers POST /query.
  ControlApi(StatusSources sources, catalog::Catalog& catalog, io::Address store_socket);
  ~ControlApi();

  http::Handler& handler() { return router_; }

 private:
  struct Routes;
  std::unique_ptr<Routes> routes_;
  http::Router router_;
};

}  // namespace mr::serve
