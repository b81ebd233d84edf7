#pragma once

#include <string>
#include <vector>

#include "http/response.h"
#include "io/world.h"
#include "load/loader.h"
#include "store/embedded_warehouse.h"

namespace mr::main {

// POST /freeze of the store process, {"folder": …}: makes <folder>/store and <folder>/load, a copy
// of the warehouse and of the loaders' positions that fit each other. Loading stands still
// meanwhile, for the time that it takes to link files. Answers {"paused_ms": …}.
class FreezeHandler final : public http::Handler {
 public:
  // `load_folder` holds the loaders' checkpoints. What is referred to outlives the handler.
  FreezeHandler(io::World& world, store::EmbeddedWarehouse& warehouse, io::Path load_folder)
      : world_(world), warehouse_(warehouse), load_folder_(std::move(load_folder)) {}

  // Until this was called a request is answered with 503.
  void set_loaders(std::vector<load::Loader*> loaders);

  size_t body_bytes_max(const http::RequestHead&) const override { return 4096; }
  io::Task<http::Response> handle(http::Request request) override;

 private:
  io::Task<Result<void>> freeze(std::string folder);

  io::World& world_;
  store::EmbeddedWarehouse& warehouse_;
  io::Path load_folder_;
  std::vector<load::Loader*> loaders_;
  bool ready_ = false;
  bool busy_ = false;
};

}  // namespace mr::main
