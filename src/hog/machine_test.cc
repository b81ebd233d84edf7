#include "hog/machine.h"

#include <gtest/gtest.h>

#include "hog/compiler.h"
#include "hog/json_value.h"
#include "hog/test_support.h"

namespace mr::hog {
namespace {

struct Rig {
  explicit Rig(const Limits& own_limits = Limits())
      : limits(own_limits), heap(limits.memory_bytes_max), machine(heap, host, limits) {
    host.async = {"fetch"};
  }

  Outcome run(std::string_view source) {
    return run(compile(source, SourceForm::program).value().program);
  }
  Outcome run_bytecode(std::string_view json) { return run(read_program(json).value()); }
  Outcome run(Program program) {
    codes.push_back(std::make_unique<Code>(std::move(program)));
    return machine.run(*codes.back(), Value());
  }

  TestHost host;
  Limits limits;
  std::vector<std::unique_ptr<Code>> codes;  // each outlives what its runs made
  Heap heap;
  Machine machine;
};

std::string message_of(const Outcome& outcome) {
  return outcome.failure ? outcome.failure->message : "";
}

TEST(Machine, ErrorsOfTheLibraryAreNativeAndSayWhichCallFailed) {
  Rig rig;
  const Outcome outcome = rig.run("try { upper(null) } catch { return 'caught' }");
  ASSERT_TRUE(outcome.failure);
  EXPECT_TRUE(outcome.failure->native);
  EXPECT_EQ(outcome.failure->call, "upper(null)");
}

TEST(Machine, UncaughtErrorsKeepTypeAndPayload) {
  Rig rig;
  const Outcome outcome = rig.run("throw HogError('Custom', 'why', {'a': 1})");
  ASSERT_TRUE(outcome.failure);
  EXPECT_FALSE(outcome.failure->native);
  EXPECT_EQ(outcome.failure->name, "UncaughtHogVMException");
  EXPECT_EQ(outcome.failure->type, "Custom");
  EXPECT_EQ(outcome.failure->payload.dict().find("a")->number(), 1);
}

TEST(Machine, MemoryIsBounded) {
  Rig rig({.memory_bytes_max = 1U << 20U});
  for (const char* source :
       {"let s := 'ab'; while (true) { s := s || s }", "let l := []; while (true) { l := [l, l] }",
        "let l := []; let i := 1; while (true) { l[i] := i; i := i + 1 }",
        "let d := {}; let i := 1; while (true) { d[i] := i; i := i + 1 }",
        "return range(100000000)", "let l := [1]; l[200000000] := 1",
        "let l := ['x']; for (let i := 0; i < 60; i := i + 1) { l := [l, l] } return "
        "toString(l)"}) {
    Rig fresh({.memory_bytes_max = 1U << 20U});
    const Outcome outcome = fresh.run(source);
    EXPECT_EQ(message_of(outcome).substr(0, 37), "Memory limit of 1048576 bytes exceede") << source;
    EXPECT_LE(fresh.heap.bytes_peak(), 1U << 20U) << source;
  }
}

TEST(Machine, CyclesAreFreedWithTheHeap) {
  Rig rig;
  const Outcome outcome =
      rig.run("for (let i := 0; i < 100; i := i + 1) { let a := []; a[1] := a; let f := () -> f }");
  EXPECT_EQ(outcome.end, End::finished);
}

TEST(Machine, ACycleOfClosuresFromAStateOutlivesItsMachine) {
  Rig rig;
  ASSERT_EQ(rig.run("let f := () -> f; let x := fetch('u'); return f").end, End::suspended);
  const std::string state = rig.machine.save_state().value();
  Limits limits;
  TestHost host;
  Heap heap(limits.memory_bytes_max);
  Value result;
  {
    Machine machine(heap, host, limits);
    ASSERT_TRUE(machine.load_state(state, Value()));
    result = machine.resume(Value()).result;
  }
  EXPECT_EQ(result.kind(), Kind::closure);
}

TEST(Machine, DeepValuesNeitherCrashPrintingNorFreeing) {
  const char* deep = "let l := []; for (let i := 0; i < 20000; i := i + 1) { l := [l] } ";
  for (const char* use : {"toString(l)", "jsonStringify(l)", "1"}) {
    Rig rig;
    const Outcome outcome = rig.run(std::string(deep) + "return " + use);
    EXPECT_EQ(outcome.end == End::finished, use == std::string_view("1")) << use;
  }
}

TEST(Machine, TimeAndOperationsAreBounded) {
  Rig slow({.time_millis_max = 20});
  slow.host.millis_each_look = 1;
  EXPECT_TRUE(message_of(slow.run("while (true) {}"))
                  .starts_with("Execution timed out after 0.02 seconds. Performed "));
  Rig counted({.operations_max = 1000});
  EXPECT_EQ(message_of(counted.run("while (true) {}")),
            "Execution exceeded its budget of 1000 operations.");
  EXPECT_EQ(counted.machine.operations(), 1001U);
}

TEST(Machine, CallsAndArgumentsAreBounded) {
  Rig rig;
  EXPECT_EQ(message_of(rig.run("fn f() { return f() } f()")),
            "Call stack exceeded maximum length of 1000");
  EXPECT_EQ(message_of(rig.run_bytecode(R"(["_H",1,2,"print",301])")), "Too many arguments");
}

TEST(Machine, AsynchronousStepsAreBounded) {
  Rig rig({.async_steps_max = 1});
  EXPECT_EQ(rig.run("fetch(1); fetch(2)").end, End::suspended);
  EXPECT_EQ(message_of(rig.machine.resume(Value())), "Exceeded maximum number of async steps: 1");
}

TEST(Machine, AnotherProcessGoesOnFromTheState) {
  std::string state;
  {
    Rig rig;
    const Outcome outcome = rig.run(
        "let n := 1; let f := () -> { n := n + 1; return n }; f(); let x := fetch('u');"
        "return [x, f(), n, (1, 2), 0 / 0]");
    ASSERT_EQ(outcome.end, End::suspended);
    EXPECT_EQ(outcome.async_function, "fetch");
    state = rig.machine.save_state().value();
  }
  Rig other;
  ASSERT_TRUE(other.machine.load_state(state, Value()));
  const Outcome outcome = other.machine.resume(make_text(other.heap, "reply"));
  ASSERT_EQ(outcome.end, End::finished);
  TextBuilder out(other.heap);
  ASSERT_TRUE(append_printed(out, other.machine.context().budget, outcome.result));
  EXPECT_EQ(out.view(), "['reply', 3, 3, (1, 2), NaN]");
}

TEST(Machine, MalformedStatesAreRefused) {
  for (const char* state :
       {"", "{}", "[]", R"({"bytecodes":{}})", R"({"bytecodes":{"root":{"bytecode":["_H",1]}}})",
        R"({"bytecodes":{"root":{"bytecode":["_H",1]}},"stack":[],"callStack":[]})",
        R"({"bytecodes":{"root":{"bytecode":["_H",1]}},"stack":[],"callStack":[{"ip":1,
            "chunk":"none","stackStart":0}]})",
        R"({"bytecodes":{"root":{"bytecode":["_H",1]}},"stack":[],"callStack":[{"ip":1,
            "chunk":"root","stackStart":7}]})"}) {
    Rig rig;
    EXPECT_FALSE(rig.machine.load_state(state, Value())) << state;
    EXPECT_TRUE(rig.machine.resume(Value()).failure);
  }
}

TEST(Machine, HostileBytecodeIsRefusedInWords) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {R"(["_H",1,99])", "Unexpected node while running bytecode in chunk \"root\": 99"},
      {R"(["_H",1,33])", "Unexpected end of bytecode"},
      {R"(["_H",1,35])", "Invalid HogQL bytecode, stack is empty, can not pop"},
      {R"(["_H",1,39,-100])", "Jump out of the bytecode"},
      {R"(["_H",1,39,1e99])", "Invalid operand at position 3"},
      {R"(["_H",1,43,-1])", "Invalid operand at position 3"},
      {R"(["_H",1,31,37,900000])", "Invalid local: 900000"},
      {R"(["_H",1,31,54,0])", "Invalid closure: null"},
      {R"(["_H",1,51])", "Invalid operation POP_TRY: no try block to pop"},
      {R"(["_H",1,55,0])", "Invalid upvalue index: 0"},
  };
  for (const auto& [bytecode, message] : cases) {
    Rig rig;
    EXPECT_EQ(message_of(rig.run_bytecode(bytecode)), message) << bytecode;
  }
}

}  // namespace
}  // namespace mr::hog
