#include "store/chdb_library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace mr::store {

namespace {

namespace fs = std::filesystem;

std::string program_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? std::string(".") : program.parent_path().string();
}

// The same rule as in tools/fetch_libchdb.sh.
std::string cache_folder() {
  if (const char* set = std::getenv("MILLRACE_CHDB_CACHE")) return set;
  std::string base;
  if (const char* set = std::getenv("XDG_CACHE_HOME")) {
    base = set;
  } else if (const char* home = std::getenv("HOME")) {
    base = std::string(home) + "/.cache";
  } else {
    return {};
  }
  return base + "/millrace/chdb/" + chdb_version;
}

template <typename Function>
bool resolve(void* library, const char* name, Function& into) {
  into = reinterpret_cast<Function>(::dlsym(library, name));
  return into != nullptr;
}

// The name of the first symbol that the library lacks, or nothing.
const char* resolve_all(void* library, ChdbApi& api) {
  if (!resolve(library, "chdb_connect", api.connect)) return "chdb_connect";
  if (!resolve(library, "chdb_close_conn", api.close)) return "chdb_close_conn";
  if (!resolve(library, "chdb_query_n", api.query)) return "chdb_query_n";
  if (!resolve(library, "chdb_destroy_query_result", api.destroy))
    return "chdb_destroy_query_result";
  if (!resolve(library, "chdb_result_error", api.error)) return "chdb_result_error";
  if (!resolve(library, "chdb_result_buffer", api.buffer)) return "chdb_result_buffer";
  if (!resolve(library, "chdb_result_length", api.length)) return "chdb_result_length";
  if (!resolve(library, "chdb_result_elapsed", api.elapsed_seconds)) return "chdb_result_elapsed";
  if (!resolve(library, "chdb_result_rows_read", api.rows_out)) return "chdb_result_rows_read";
  if (!resolve(library, "chdb_result_rows_written", api.rows_written))
    return "chdb_result_rows_written";
  if (!resolve(library, "chdb_set_signal_handlers_enabled", api.set_signal_handlers_enabled))
    return "chdb_set_signal_handlers_enabled";
  return nullptr;
}

Result<ChdbApi> open_at(const std::string& place) {
  void* library = ::dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = ::dlerror();
    return fail(ErrorCode::unsupported, "cannot open the embedded ClickHouse engine " + place +
                                            ": " + (reason ? reason : "unknown reason"));
  }
  ChdbApi api;
  if (const char* missing = resolve_all(library, api)) {
    return fail(ErrorCode::unsupported, place + " lacks the function " + missing +
                                            "; Millrace needs libchdb " + chdb_version);
  }
  // Its handlers would take over our stack traces and hold a crashing process for minutes.
  api.set_signal_handlers_enabled(0);
  return api;
}

}  // namespace

std::vector<std::string> chdb_library_places(const std::string& configured) {
  if (!configured.empty()) return {configured};
  if (const char* set = std::getenv("MILLRACE_LIBCHDB"); set != nullptr && *set != '\0') {
    return {set};
  }
  const std::string program = program_folder();
  const std::string in_tree = std::string("third_party/chdb/") + chdb_version + "/libchdb.so";
  std::vector<std::string> places = {
      program + "/libchdb.so",
      program + "/../lib/libchdb.so",
      program + "/../lib/millrace/libchdb.so",
      program + "/../" + in_tree,        // build/release/millrace
      program + "/../../../" + in_tree,  // build/dev/src/store/…
  };
  if (const std::string cache = cache_folder(); !cache.empty()) {
    places.push_back(cache + "/libchdb.so");
  }
  return places;
}

Result<std::string> find_chdb_library(const std::string& configured) {
  std::string looked;
  for (const std::string& place : chdb_library_places(configured)) {
    std::error_code error;
    if (fs::exists(place, error)) return place;
    looked += (looked.empty() ? "" : ", ") + place;
  }
  return fail(ErrorCode::not_found,
              "the embedded ClickHouse engine libchdb.so is missing; looked at " + looked +
                  ". `make build` fetches it, or set store.library (MILLRACE_LIBCHDB) to its path");
}

Result<ChdbApi> open_chdb_library(const std::string& configured) {
  MR_TRY(const std::string place, find_chdb_library(configured));
  return open_at(place);
}

}  // namespace mr::store
