#pragma once

#include "catalog/catalog.h"
#include "http/response.h"
#include "io/network.h"
#include "io/world.h"

namespace mr::serve {

// The operator's rules for what projects send; each takes effect within a second or so:
//   GET    /api/quotas                    {"quotas":[{project,resource,period,limit,used},…]};
//                                         `used` is null while accept does not answer
//   POST   /api/quotas                    sets one: {"project":1,"resource":"events",
//                                         "limit":1000000,"period":"month"}
//   DELETE /api/quotas/PROJECT/RESOURCE   lifts one
class QuotaRoutes final : public http::Handler {
 public:
  // `accept` is where the accept process tells how much was sent.
  QuotaRoutes(io::World& world, catalog::Catalog& catalog, io::Address accept)
      : world_(world), catalog_(catalog), accept_(std::move(accept)) {}
  size_t body_bytes_max(const http::RequestHead&) const override;
  io::Task<http::Response> handle(http::Request request) override;

 private:
  io::Task<Result<std::string>> list();
  io::Task<Result<std::string>> set(std::string body);
  io::Task<Result<std::string>> remove(std::string path);

  io::World& world_;
  catalog::Catalog& catalog_;
  io::Address accept_;
};

//   GET    /api/restrictions      {"restrictions":[{id,project,action,distinct_id,event,…},…]}
//   POST   /api/restrictions      adds one: {"project":1,"action":"drop","event":"noise"}
//   DELETE /api/restrictions/ID   removes one
class RestrictionRoutes final : public http::Handler {
 public:
  explicit RestrictionRoutes(catalog::Catalog& catalog) : catalog_(catalog) {}
  size_t body_bytes_max(const http::RequestHead&) const override;
  io::Task<http::Response> handle(http::Request request) override;

 private:
  io::Task<Result<std::string>> list();
  io::Task<Result<std::string>> add(std::string body);
  io::Task<Result<std::string>> remove(std::string path);

  catalog::Catalog& catalog_;
};

}  // namespace mr::serve
