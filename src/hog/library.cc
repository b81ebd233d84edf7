#include "hog/library.h"

#include <unordered_map>

namespace mr::hog {
namespace {

template <typename T>
using ByName = std::unordered_map<std::string_view, const T*>;

ByName<LibraryFunction> functions_by_name() {
  ByName<LibraryFunction> functions;
  for (const auto group :
       {text_functions(), regex_functions(), encoding_functions(), logic_functions(),
        array_functions(), object_functions(), json_functions(), date_functions(),
        date_form_functions(), hash_functions()}) {
    for (const LibraryFunction& function : group) functions.emplace(function.name, &function);
  }
  return functions;
}

template <typename T>
const T* find_in(const ByName<T>& all, std::string_view name) {
  const auto found = all.find(name);
  return found == all.end() ? nullptr : found->second;
}

}  // namespace

const LibraryFunction* find_library_function(std::string_view name) {
  static const ByName<LibraryFunction> functions = functions_by_name();
  return find_in(functions, name);
}

const LibraryProgram* find_library_program(std::string_view name) {
  for (const LibraryProgram& program : library_programs()) {
    if (program.name == name) return &program;
  }
  return nullptr;
}

}  // namespace mr::hog
