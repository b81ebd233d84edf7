#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "hog/context.h"
#include "hog/program.h"

namespace mr::hog {

// A function of the standard library, written in C++. It is called with a number of arguments
// within its bounds; what it makes lives in the context's heap. A failure ends the program: it is
// native, no `try` catches it.
struct LibraryFunction {
  using Call = Result<Value> (*)(Context& context, std::span<const Value> arguments);

  constexpr LibraryFunction(std::string_view own_name, uint32_t min, uint32_t max, Call own_call)
      : name(own_name), arguments_min(min), arguments_max(max), call(own_call) {}
  // Any number of arguments from `min`.
  constexpr LibraryFunction(std::string_view own_name, uint32_t min, Call own_call)
      : name(own_name), arguments_min(min), unlimited(true), call(own_call) {}

  std::string_view name;
  uint32_t arguments_min;
  uint32_t arguments_max = 0;
  bool unlimited = false;
  Call call;
};

// A function of the library that is a program itself, because it calls what it is given: such a
// call may suspend the run in its midst. It runs as a chunk of its own ("stl/arrayMap").
struct LibraryProgram {
  std::string_view name;
  uint32_t arguments;
  Program (*make)();
};

inline constexpr std::string_view library_chunk_prefix = "stl/";

// nullptr when there is none of that name.
const LibraryFunction* find_library_function(std::string_view name);
const LibraryProgram* find_library_program(std::string_view name);

// All of them, as the reference lists them.
std::span<const LibraryFunction> text_functions();
std::span<const LibraryFunction> regex_functions();
std::span<const LibraryFunction> encoding_functions();
std::span<const LibraryFunction> logic_functions();
std::span<const LibraryFunction> array_functions();
std::span<const LibraryFunction> object_functions();
std::span<const LibraryFunction> json_functions();
std::span<const LibraryFunction> date_functions();
std::span<const LibraryFunction> date_form_functions();
std::span<const LibraryFunction> hash_functions();
std::span<const LibraryProgram> library_programs();

}  // namespace mr::hog
