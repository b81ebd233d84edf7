#!/usr/bin/env python3
"""Writes src/hog/case_tables.h from Python's Unicode data: runs of characters whose other case lies
at the same distance, and the few whose other case is several characters."""
import pathlib


def mapping(convert):
    simple, special = {}, {}
    for code in range(0x80, 0x110000):
        if 0xD800 <= code < 0xE000:
            continue
        other = convert(chr(code))
        if other == chr(code):
            continue
        if len(other) == 1:
            simple[code] = ord(other) - code
        else:
            special[code] = other
    return simple, special


def runs(simple):
    made = []
    for code, delta in sorted(simple.items()):
        if made:
            first, last, stride, same = made[-1]
            step = code - last
            if same == delta and step in (1, 2) and stride in (0, step):
                made[-1] = (first, code, step, same)
                continue
        made.append((code, code, 0, delta))
    return [(first, last, stride or 1, delta) for first, last, stride, delta in made]


def rows(items, width=100):
    lines, line = [], "   "
    for item in items:
        if len(line) + 2 + len(item) > width:
            lines.append(line)
            line = "   "
        line += " " + item + ","
    return "\n".join(lines + [line])


def table(name, convert):
    simple, special = mapping(convert)
    runs_text = rows("{%#x, %#x, %d, %d}" % run for run in runs(simple))
    special_text = rows(
        '{%#x, "%s"}' % (code, "".join("\\x%02x" % byte for byte in text.encode()))
        for code, text in sorted(special.items()))
    return f"""inline constexpr CaseRun {name}_runs[] = {{
{runs_text}
}};

inline constexpr CaseText {name}_texts[] = {{
{special_text}
}};
"""


HEAD = """#pragma once

// Made by tools/make_case_tables.py; not for editing.

#include <cstdint>

namespace mr::hog {

// The characters first, first + stride … last have their other case `delta` code points away.
struct CaseRun {
  uint32_t first, last;
  int32_t stride, delta;
};

// A character whose other case is several.
struct CaseText {
  uint32_t code_point;
  const char* text;
};

// clang-format off
"""

out = HEAD + table("upper", str.upper) + "\n" + table("lower", str.lower)
out += "// clang-format on\n\n}  // namespace mr::hog\n"
target = pathlib.Path(__file__).parent.parent / "src/hog/case_tables.h"
target.write_text(out)
