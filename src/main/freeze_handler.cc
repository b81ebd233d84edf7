#include "main/freeze_handler.h"

#include "codec/json_object.h"
#include "io/clock.h"
#include "main/file_copy.h"
#include "serve/api_error.h"

namespace mr::main {

void FreezeHandler::set_loaders(std::vector<load::Loader*> loaders) {
  loaders_ = std::move(loaders);
  ready_ = true;
}

io::Task<Result<void>> FreezeHandler::freeze(std::string folder) {
  MR_CO_CHECK(co_await world_.disk.make_folders(folder));
  MR_CO_CHECK(co_await warehouse_.freeze_into(folder + "/store"));
  co_return co_await copy_tree(world_, load_folder_, folder + "/load", nullptr);
}

io::Task<http::Response> FreezeHandler::handle(http::Request request) {
  const auto body = json::Object::parse(as_text(request.body));
  const auto folder = body ? body->find_text("folder") : std::nullopt;
  if (!folder || !folder->starts_with('/')) {
    co_return serve::api_error(
        Error(ErrorCode::invalid_input, "the body needs \"folder\", a whole path"));
  }
  if (!ready_ || busy_) {
    co_return serve::api_error(Error(
        ErrorCode::busy, busy_ ? "a copy is being made already" : "the store is not ready yet"));
  }
  busy_ = true;
  const Instant begun = world_.clock.now();
  for (load::Loader* loader : loaders_) loader->ask_to_hold();
  for (load::Loader* loader : loaders_) co_await loader->hold();
  const auto frozen = co_await freeze(*folder);
  for (load::Loader* loader : loaders_) loader->release();
  busy_ = false;
  if (!frozen) co_return serve::api_error(frozen.error());
  const int64_t paused = (world_.clock.now().micros - begun.micros) / 1000;
  co_return http::Response::json(200, "{\"paused_ms\":" + std::to_string(paused) + "}");
}

}  // namespace mr::main
