#!/usr/bin/env python3
"""Proves that each check of tidy passes a clean tree and fails on what it is for."""

import pathlib
import re
import unittest

import tidy_cpp
from tidy import ALLOW_LIST, CHECKS, run_checks
from tidy_tree import Report, Tree, parse_allowed, strip_cpp

TOOLS = pathlib.Path(__file__).resolve().parent

CLEAN = {
    "README.md": "# It\n\nSee [the map](docs/MAP.md) and `src/base/`.\n",
    "docs/MAP.md": "# Map\n\n```sh\n# not a title\n```\n",
    "docs/DURABILITY.md": "# Kept\n\n| promise | test |\n|---|---|\n| kept | `Log.keeps` |\n",
    "docs/OPERATING.md": "# Operating\n\n| `a.b_c` | `1s` | how long |\n\n`millrace_all`\n",
    "tools/layers.txt": "base:\nio: base\nsim: base io\nlog: base io\nmain: *\n",
    "src/CMakeLists.txt": "foreach(folder base io sim log)\n",
    "src/base/CMakeLists.txt": "mr_library(base)\n",
    "src/base/README.md": "# base: words\n\nA.\n\nB.\n",
    "src/base/word.h": "#pragma once\nint word();\n",
    "src/base/word.cc": '#include "base/word.h"\n\nint word() {\n  return 1;\n}\n',
    "src/io/CMakeLists.txt": "mr_library(io DEPENDS base)\n",
    "src/io/README.md": "# io: doors\n\nA.\n\nB.\n",
    "src/io/door.cc": '#include "base/word.h"\n\nvoid wait() { ::usleep(word()); }\n',
    "src/io/door.h": "#pragma once\nvoid wait();\n",
    "src/sim/CMakeLists.txt": "mr_library(sim DEPENDS base io)\n",
    "src/sim/README.md": "# sim: faults\n\nA.\n\nB.\n",
    "src/sim/sim.h": '#pragma once\n#include "base/word.h"\n#include "io/door.h"\n',
    "src/log/CMakeLists.txt": "mr_library(log DEPENDS base io LIBS lz4)\n",
    "src/log/README.md": "# log: records\n\nA.\n\nB.\n",
    "src/log/log.h": '#pragma once\n#include "base/word.h"\n#include "io/door.h"\n',
    "src/log/log.cc": '#include "log/log.h"\n\nauto x = "throw, time(0) and // std::mutex";\n',
    "src/log/log_test.cc": '#include "log/log.h"\n\n#include "sim/sim.h"\n\nTEST(Log, keeps) {}\n',
    "tests/e2e/wait.py": "def wait_until(condition):\n    time.sleep(0.01)\n",
}
CLEAN["src/io/door.cc"] = '#include "io/door.h"\n\n' + CLEAN["src/io/door.cc"]

# (check, file, its text; None removes it, a leading '+' appends to the clean text)
FAULTS = [
    ("layers", "src/base/word.cc", '+#include "io/door.h"\n'),
    ("layers", "src/log/log.cc", '+#include "sim/sim.h"\n'),
    ("layers", "src/log/log.cc", '+#include "base/gone.h"\n'),
    ("layers", "src/log/CMakeLists.txt", "mr_library(log DEPENDS base LIBS io)\n"),
    ("layers", "src/base/CMakeLists.txt", "mr_library(base DEPENDS io)\n"),
    ("layers", "src/log/CMakeLists.txt", "mr_library(log DEPENDS base io event LIBS lz4)\n"),
    ("layers", "src/log/CMakeLists.txt", None),
    ("layers", "src/new/README.md", "# new: thing\n\nA.\n\nB.\n"),
    ("layers", "tools/layers.txt", "base: io\nio: base\nsim: base io\nlog: base io\n"),
    ("layers", "tools/layers.txt", "base:\nio: base\nsim: base io\n"),
    ("layers", "tools/layers.txt", "base:\nio: base\nsim: base io\nlog: base io gone\n"),
    ("file_size", "src/log/log.cc", "+" + "int x;\n" * 800),
    ("file_size", "src/log/log.h", "+" + "extern int x;\n" * 300),
    ("function_size", "src/log/log.cc", "+void f() {\n" + "  word();\n" * 69 + "}\n"),
    ("function_size", "src/log/log.cc",
     "+namespace mr {\nint C::f(int a,\n  int b) const {\n  if (a) {\n" + "    word();\n" * 67
     + "  }\n}\n}\n"),
    ("function_size", "tests/e2e/wait.py", "+def f():\n" + "    g()\n" * 70),
    ("line_length", "src/log/log.cc", "+// " + "x" * 98 + "\n"),
    ("sleep", "src/log/log.cc", "+void f() { sleep(1); }\n"),
    ("sleep", "src/log/log_test.cc", "+void f() { std::this_thread::sleep_for(x); }\n"),
    ("sleep", "tests/e2e/wait.py", "+def f():\n    time.sleep(1)\n"),
    ("clock", "src/log/log.cc", "+auto t = std::chrono::steady_clock::now();\n"),
    ("clock", "src/log/log.cc", "+auto t = std::time(nullptr);\n"),
    ("random", "src/log/log.cc", "+int f() { return rand(); }\n"),
    ("thread", "src/log/log.cc", "+std::thread t;\n"),
    ("mutex", "src/log/log.h", "+std::mutex m;\n"),
    ("system_call", "src/log/log.cc", "+int f() { return ::open(name, 0); }\n"),
    ("environment", "src/log/log.cc", '+auto h = std::getenv("HOME");\n'),
    ("print", "src/log/log.cc", "+void f() { std::cerr << 1; }\n"),
    ("throw", "src/log/log.cc", "+void f() { throw 1; }\n"),
    ("assert", "src/log/log.cc", "+void f() { assert(true); }\n"),
    ("new_language", "src/log/log.cc", '+auto s = std::format("{}", 1);\n'),
    ("using_namespace", "src/log/log.h", "+using namespace mr;\n"),
    ("heavy_include", "src/log/log.h", "+#include <chrono>\n"),
    ("heavy_include", "src/log/log.h", "+#include <boost/json.hpp>\n"),
    ("pragma_once", "src/log/log.h", "// no guard\n"),
    ("dead_header", "src/log/unused.h", "#pragma once\n"),
    ("own_header_first", "src/log/log.cc", '#include <string>\n\n#include "log/log.h"\n'),
    ("build_lists", "src/CMakeLists.txt", "foreach(folder base io sim) # log\n"),
    ("build_lists", "src/log/deep/more.cc", "int more;\n"),
    ("build_lists", "tools/dump.cc", "int main() {}\n"),
    ("folder_name", "src/log/utils/x.txt", "x\n"),
    ("readme", "src/log/README.md", None),
    ("readme", "src/log/README.md", "# The log\n\nA.\n\nB.\n"),
    ("readme", "src/log/README.md", "# log: records\n"),
    ("leftover", "src/log/log.cc", "+// TODO later\n"),
    ("machine_path", "docs/MAP.md", "+Look in /home/someone/src.\n"),
    ("one_title", "docs/MAP.md", "+# Another\n"),
    ("one_title", "docs/MAP.md", "No title\n"),
    ("dead_link", "docs/MAP.md", "+See [it](GONE.md).\n"),
    ("dead_path", "docs/MAP.md", "+See `src/log/gone.h`.\n"),
    ("durability", "docs/DURABILITY.md", "+| another | `Log.forgets` |\n"),
    ("durability", "docs/DURABILITY.md", "+| another | surely |\n"),
    ("durability", "docs/DURABILITY.md", "# Durability\n"),
    ("settings", "src/main/settings.cc", 'SettingDefinition{"a.d", SettingKind::text, "", "x"}'),
    ("settings", "src/main/settings.cc", 'SettingDefinition{"a.b_c",\n SettingKind::text, "2s"}'),
    ("metrics", "src/log/log.cc", '+auto m = "millrace_unknown_total";\n'),
    ("python", "tests/e2e/wait.py", "def f(:\n"),
    ("allow", ALLOW_LIST, "throw src/log/log.cc: because\n"),
    ("allow", ALLOW_LIST, "throw src/log/log.cc: nothing there throws any more\n"),
]


def changed(path, text):
    files = dict(CLEAN)
    if text is None:
        del files[path]
    else:
        files[path] = files.get(path, "") + text[1:] if text.startswith("+") else text
    return Tree(files)


def checks_that_complain(tree):
    return {finding.split(": ")[1] for finding in run_checks(tree).findings}


class TidyTest(unittest.TestCase):
    def test_a_clean_tree_has_no_findings(self):
        self.assertEqual(run_checks(Tree(CLEAN)).findings, [])

    def test_each_fault_is_found_by_its_check(self):
        for check, path, text in FAULTS:
            with self.subTest(check=check, path=path, text=text):
                self.assertIn(check, checks_that_complain(changed(path, text)))

    def test_every_check_has_a_fault_that_proves_it(self):
        names = {ban.check for ban in tidy_cpp.BANS}
        for module in TOOLS.glob("tidy*.py"):
            names.update(re.findall(r'report\.add\("(\w+)"', module.read_text()))
        self.assertEqual(names - {check for check, _, _ in FAULTS}, set())

    def test_an_exception_with_a_reason_silences_one_check_in_one_file(self):
        tree = changed("src/log/log.cc", "+void f() { throw 1; }\n")
        tree.texts[ALLOW_LIST] = "throw src/log/log.cc: the library that calls us expects it\n"
        self.assertEqual(run_checks(tree).findings, [])

    def test_an_exception_needs_a_reason(self):
        report = Report()
        self.assertEqual(parse_allowed("throw src/log/log.cc: so\n", report), {})
        self.assertEqual(len(report.findings), 1)

    def test_literals_and_comments_are_not_code(self):
        code = strip_cpp('int a; // time(0)\nauto b = R"x(\nthrow)x"; char c = \'"\';\n'
                         "int d = 1'0;\n")
        self.assertNotIn("time", code)
        self.assertNotIn("throw", code)
        self.assertEqual(code.count("\n"), 4)
        self.assertIn("int d = 1'0;", code)

    def test_functions_are_measured_and_types_are_not(self):
        code = ("namespace a {\nclass B {\n  int c() { return 1; }\n};\n#define M(x) {\n"
                "int d(\n    int e) {\n  auto f = [] { return 2; };\n}\n}\n")
        found = [(name, last - first + 1) for name, first, last in tidy_cpp.functions(code)]
        self.assertEqual(found, [("c", 1), ("d", 4)])

    def test_warnings_do_not_fail(self):
        report = run_checks(changed("src/log/log.cc", "+" + "int x;\n" * 500))
        self.assertEqual(report.findings, [])
        self.assertEqual(len(report.warnings), 1)

    def test_every_check_runs(self):
        self.assertEqual(len(CHECKS), len(set(CHECKS)))


if __name__ == "__main__":
    unittest.main()
