#include "hog/library.h"

// The functions of the library that call functions. A run may be suspended inside of them, and its
// state names positions in their bytecode: so the cells must stay where they are.
namespace mr::hog {
namespace {

using enum Opcode;

void add(Program& program, std::initializer_list<Cell> cells) {
  program.cells.insert(program.cells.end(), cells);
}

// The hidden variables of `for (let item in list)`, which lie behind the first `base` slots.
struct Loop {
  int expression, values, index, limit, item;
  explicit Loop(int base)
      : expression(base), values(base + 1), index(base + 2), limit(base + 3), item(base + 4) {}
};

constexpr int loop_variables = 5;
constexpr int step_size = 9;       // index := index + 1, and the jump back
constexpr int fetch_size = 7;      // item := values[index]
constexpr int condition_size = 7;  // index <= limit, and the jump out

// Runs `body` for each item of the list in slot `list`, then drops the loop's variables.
void add_loop(Program& program, int list, const Loop& loop, std::initializer_list<Cell> body) {
  add(program, {get_local, list, get_local, loop.expression, call_global, "values", 1});
  add(program, {integer, 1, get_local, loop.values, call_global, "length", 1, push_null});
  const int size = fetch_size + static_cast<int>(body.size()) + step_size;
  add(program, {get_local, loop.limit, get_local, loop.index, less_or_equal});
  add(program, {jump_if_false, size});
  add(program, {get_local, loop.values, get_local, loop.index, get_property, set_local, loop.item});
  add(program, body);
  add(program, {integer, 1, get_local, loop.index, plus, set_local, loop.index});
  add(program, {jump, -(condition_size + size)});
  for (int i = 0; i < loop_variables; ++i) add(program, {pop});
}

// arrayMap(function, list)
Program array_map() {
  const Loop loop(3);
  Program program;
  add(program, {array, 0});
  add_loop(program, 1, loop,
           {get_local, 2, get_local, loop.item, get_local, 0, call_local, 1, call_global,
            "arrayPushBack", 2, set_local, 2});
  add(program, {get_local, 2, return_value});
  return program;
}

// arrayFilter(function, list)
Program array_filter() {
  const Loop loop(3);
  Program program;
  add(program, {array, 0});
  add_loop(program, 1, loop,
           {get_local, loop.item, get_local, 0, call_local, 1, jump_if_false, 9, get_local, 2,
            get_local, loop.item, call_global, "arrayPushBack", 2, set_local, 2});
  add(program, {get_local, 2, return_value});
  return program;
}

// arrayExists(function, list)
Program array_exists() {
  const Loop loop(2);
  Program program;
  add_loop(program, 1, loop,
           {get_local, loop.item, get_local, 0, call_local, 1, jump_if_false, 2, push_true,
            return_value});
  add(program, {push_false, return_value});
  return program;
}

// arrayCount(function, list)
Program array_count() {
  const Loop loop(3);
  Program program;
  add(program, {integer, 0});
  add_loop(program, 1, loop,
           {get_local, loop.item, get_local, 0, call_local, 1, jump_if_false, 7, integer, 1,
            get_local, 2, plus, set_local, 2});
  add(program, {get_local, 2, return_value});
  return program;
}

// arrayReduce(function, list, initial)
Program array_reduce() {
  const Loop loop(4);
  Program program;
  add(program, {get_local, 2});
  add_loop(program, 1, loop,
           {get_local, 3, get_local, loop.item, get_local, 0, call_local, 2, set_local, 3});
  add(program, {get_local, 3, return_value});
  return program;
}

// inCohort(id, ids): a filter must not pass or fail silently because nobody loaded the cohorts.
Program in_cohort_program(const char* refusal) {
  Program program;
  add(program, {push_null, get_local, 1, equal, jump_if_false, 6});
  add(program, {string, refusal, call_global, "Error", 1, throw_error});
  add(program, {get_local, 0, get_local, 1, call_global, "in", 2});
  return program;
}

Program in_cohort_call() {
  Program program =
      in_cohort_program("inCohort() requires cohort membership to be loaded for this evaluation");
  add(program, {return_value});
  return program;
}

Program not_in_cohort_call() {
  Program program = in_cohort_program(
      "notInCohort() requires cohort membership to be loaded for this evaluation");
  add(program, {logical_not, return_value});
  return program;
}

constexpr LibraryProgram programs[] = {
    {"arrayMap", 2, array_map},
    {"arrayFilter", 2, array_filter},
    {"arrayExists", 2, array_exists},
    {"arrayCount", 2, array_count},
    {"arrayReduce", 3, array_reduce},
    {"inCohort", 2, in_cohort_call},
    {"notInCohort", 2, not_in_cohort_call},
};

}  // namespace

std::span<const LibraryProgram> library_programs() {
  return programs;
}

}  // namespace mr::hog
