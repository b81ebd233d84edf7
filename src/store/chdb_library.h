#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace mr::store {

// The version of libchdb that Millrace is tested with; tools/fetch_libchdb.sh fetches it.
inline constexpr const char* chdb_version = "26.5.3";

// The part of libchdb's C API that we use. Its package ships no header: the declarations here are
// ours, checked against the exported symbols when the library is opened and by the tests.
struct ChdbApi {
  struct Result;               // one statement's outcome; freed with destroy
  struct Connection;           // a session of the engine
  using Handle = Connection*;  // what a query takes
  // connect: argv like a command line ("--path=DIR"). NULL on failure, the reason is on stderr.
  Handle* (*connect)(int argc, char** argv);
  void (*close)(Handle* connection);
  Result* (*query)(Handle connection, const char* sql, size_t sql_bytes, const char* format,
                   size_t format_bytes);
  void (*destroy)(Result* result);
  const char* (*error)(Result* result);  // NULL when it succeeded
  // The rest holds garbage when error() is not NULL.
  char* (*buffer)(Result* result);
  size_t (*length)(Result* result);
  double (*elapsed_seconds)(Result* result);
  uint64_t (*rows_out)(Result* result);
  uint64_t (*rows_written)(Result* result);
  void (*set_signal_handlers_enabled)(int enabled);
};

// Where the library was looked for, in order. `configured` is the setting store.library (empty when
// unset); then come the variable MILLRACE_LIBCHDB, folders beside the running program, the build
// tree and the cache of tools/fetch_libchdb.sh. A configured or exported path is the only one
// looked at.
std::vector<std::string> chdb_library_places(const std::string& configured);

// The first of those places where there is a file. Errors: not_found (names the places and what to
// do). Cheap: nothing is loaded.
Result<std::string> find_chdb_library(const std::string& configured);

// Opens the library (0.6 s and 24 MB of private memory) and turns its signal handlers off. It
// stays open until the process ends: libchdb cannot be unloaded, and opening it again yields the
// same functions. Blocking. Errors: not_found (names the places and what to do), unsupported (it
// cannot be loaded, or a symbol is missing).
Result<ChdbApi> open_chdb_library(const std::string& configured);

}  // namespace mr::store
