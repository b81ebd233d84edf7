"""The checks of tidy on C++ files and on the build files that list them."""

import re

from tidy_tree import is_case, parse_layers

FILE_LINES_MAX = 800
FILE_LINES_WARN = 500
HEADER_LINES_MAX = 300
FUNCTION_LINES_MAX = 70
LINE_COLUMNS_MAX = 100
VAGUE_FOLDERS = {"utils", "util", "common", "helpers", "helper", "misc", "shared", "stuff"}
# Folders that may do what the rest may not, for a check of BANS.
DOORS = ("src/io/",)

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
LIBRARY = re.compile(r"mr_library\(\s*(\w+)([^)]*)\)")


class Ban:
    """Something that may not be written: where it is looked for and what to write instead."""

    def __init__(self, check, pattern, instead, exempt=(), headers_only=False, cases=True):
        self.check = check
        self.pattern = re.compile(pattern)
        self.instead = instead
        self.exempt = exempt
        self.headers_only = headers_only
        self.cases = cases  # whether tests and their like are judged too

    def judges(self, path):
        if self.check == "clock" and path.endswith("_bench.cc"):
            return False  # what measures needs the real one
        if path.startswith(self.exempt) or (self.headers_only and not path.endswith(".h")):
            return False
        return self.cases or not is_case(path)


BANS = [
    Ban("sleep", r"\b(?:u|nano)?sleep\s*\(|\bsleep_for\b|\bthis_thread\b",
        "await io::Clock, or a condition", DOORS),
    Ban("clock", r"\bstd::chrono\b|\bstd::time\b|\btime\((?:nullptr|NULL|0)\)|\bclock_gettime\b"
        r"|\bgettimeofday\b", "ask io::Clock", DOORS + ("bench/",)),
    Ban("random", r"\bs?rand\s*\(|\bstd::random_device\b|\bgetrandom\b", "ask io::Random", DOORS),
    # Tests may have their own generator with a fixed seed.
    Ban("random", r"\bstd::mt19937", "ask io::Random", DOORS, cases=False),
    Ban("thread", r"\bstd::j?thread\b|\bpthread_create\b|\bthread_local\b",
        "one loop per process; blocking calls go to io::Worker", DOORS),
    Ban("mutex", r"\bstd::(?:\w*mutex|condition_variable\w*|lock_guard|unique_lock|scoped_lock)\b",
        "an object belongs to one loop", DOORS),
    Ban("system_call", r"(?<![\w.>])::(?:open|read|write|pread|pwrite|fsync|fdatasync|socket|bind|"
        r"listen|connect|accept4?|poll|epoll_\w+|fork|exec\w+|kill|mmap)\s*\(|"
        r"\bstd::[io]?fstream\b|\bfopen\s*\(", "go through a door of io/",
        # main/ reads its arguments and its configuration before there are doors.
        DOORS + ("src/main/",), cases=False),
    Ban("environment", r"\bgetenv\s*\(", "settings are read in main/ and passed down",
        ("src/main/",)),
    Ban("print", r"\bstd::(?:cout|cerr|clog)\b|\b(?:printf|puts)\s*\(",
        "log through telemetry::Logger; main/ prints", ("src/main/", "tools/", "bench/"),
        cases=False),
    Ban("throw", r"\bthrow\b", "return a Result"),
    Ban("assert", r"(?<![\w_])assert\s*\(", "MR_ASSERT stays on in release builds"),
    Ban("new_language", r"\bstd::(?:format|print|println)\b|\bthis\s+auto\b|\bthis\s+Self\b",
        "GCC 12 has to stay possible"),
    Ban("using_namespace", r"\busing\s+namespace\b(?!\s+std::(?:string_view_)?literals)",
        "name what you use", headers_only=True),
    Ban("heavy_include", r"#\s*include\s*<(?:functional|chrono|filesystem|regex|iostream|sstream|"
        r"fstream|future|simdjson[^>]*|boost/[^>]*|spdlog/[^>]*|fmt/[^>]*|toml[^>]*|sqlite3\.h|"
        r"openssl/[^>]*|http_parser\.h|librdkafka/[^>]*|zlib\.h|libdeflate\.h|"
        r"CLI/[^>]*|nlohmann/[^>]*)>",
        "keep it in a .cc file", headers_only=True, cases=False),
]


def cpp_files(tree):
    return tree.files(".h", ".cc")


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def check_layers(tree, report):
    """Includes and CMake edges agree with tools/layers.txt, and no edge is unused."""
    table = "tools/layers.txt"
    layers = parse_layers(tree.texts.get(table, ""))
    edges = library_edges(tree)
    for folder, allowed in layers.items():
        for other in sorted(allowed or ()):
            if other not in layers:
                report.add("layers", table, f"{folder} may include {other}, which has no line")
            elif list(layers).index(other) >= list(layers).index(folder):
                report.add("layers", table, f"{folder} may include {other}, which is not below it")
    for folder in tree.source_folders():
        if folder not in layers:
            report.add("layers", f"src/{folder}", f"no line in {table}")
            continue
        if f"src/{folder}/CMakeLists.txt" not in tree.paths:
            report.add("layers", f"src/{folder}", "no CMakeLists.txt: nothing of it is built")
            continue
        allowed = layers[folder]
        own_edges = edges.get(folder, set())
        for other in sorted(own_edges):
            if not may_include(allowed, other):
                report.add("layers", f"src/{folder}/CMakeLists.txt",
                           f"{table} does not allow {folder} -> {other}")
        used = check_folder_includes(tree, report, folder, allowed, own_edges)
        for other in sorted(own_edges - used):
            report.add("layers", f"src/{folder}/CMakeLists.txt",
                       f"DEPENDS {other}, but no file includes it")


def may_include(allowed, other):
    """`allowed` is a folder's line of the table; None stands for all but the simulated world."""
    return other != "sim" if allowed is None else other in allowed


def library_edges(tree):
    """{folder: folders in its mr_library(… DEPENDS …)}"""
    edges = {}
    for path in tree.files("/CMakeLists.txt", under="src/"):
        text = re.sub(r"#.*", "", tree.texts[path])
        for name, arguments in LIBRARY.findall(text):
            words = arguments.split()
            depends = words[words.index("DEPENDS") + 1:] if "DEPENDS" in words else []
            edges[name] = set(depends[:depends.index("LIBS")] if "LIBS" in depends else depends)
    return edges


def check_folder_includes(tree, report, folder, allowed, own_edges):
    used = set()
    for path in tree.files(".h", ".cc", under=f"src/{folder}/"):
        for match in INCLUDE.finditer(tree.texts[path]):
            if not match.group(1):
                continue
            other = match.group(1).split("/")[0]
            used.add(other)
            line = line_of(tree.texts[path], match.start())
            if f"src/{match.group(1)}" not in tree.paths:
                report.add("layers", path, f"no such file: src/{match.group(1)}", line)
            elif other == folder or (is_case(path) and other == "sim"):
                continue
            elif not may_include(allowed, other):
                report.add("layers", path, f"{folder} may not include {other}", line)
            elif other not in own_edges:
                report.add("layers", path, f"add {other} to DEPENDS of mr_library({folder})", line)
    return used


def check_sizes(tree, report):
    """Files, headers, functions and lines keep their limits."""
    for path in cpp_files(tree) + tree.files(".py"):
        lines = tree.lines(path)
        if len(lines) > FILE_LINES_MAX:
            report.add("file_size", path, f"{len(lines)} lines, at most {FILE_LINES_MAX}")
        elif path.endswith(".h") and len(lines) > HEADER_LINES_MAX:
            report.add("file_size", path,
                       f"{len(lines)} lines, a header at most {HEADER_LINES_MAX}")
        elif len(lines) > FILE_LINES_WARN:
            report.warn("file_size", path, f"{len(lines)} lines; split it before it has "
                        f"{FILE_LINES_MAX}")
    for path in cpp_files(tree):
        for name, first, last in functions(tree.code(path)):
            if last - first + 1 > FUNCTION_LINES_MAX:
                report.add("function_size", path, f"{name} has {last - first + 1} lines, at most "
                           f"{FUNCTION_LINES_MAX}", first)
    for path in cpp_files(tree) + tree.files(".py", ".cmake", "CMakeLists.txt"):
        for number, line in enumerate(tree.lines(path), 1):
            if len(line) > LINE_COLUMNS_MAX:
                report.add("line_length", path, f"{len(line)} columns, at most {LINE_COLUMNS_MAX}",
                           number)


def functions(code):
    """(name, first line, last line) of every function body that no other function holds."""
    found = []
    stack = []  # (kind, name, first line)
    statement = 0  # where the text before the next brace begins
    line = 1
    code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", blanked, code, flags=re.MULTILINE)
    for position, character in enumerate(code):
        if character == "\n":
            line += 1
        elif character == "{":
            head = code[statement:position]
            inside = any(kind == "function" for kind, _, _ in stack)
            kind = "other" if inside else kind_of_block(head)
            first = line - head.lstrip().count("\n")
            stack.append((kind, name_of_function(head), first))
            statement = position + 1
        elif character == "}":
            kind, name, first = stack.pop() if stack else ("other", "", line)
            if kind == "function":
                found.append((name, first, line))
            statement = position + 1
        elif character == ";":
            statement = position + 1
    return found


def blanked(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def kind_of_block(head):
    """What a brace at namespace or class level opens, judged by the text before it."""
    head = re.sub(r"\[\[.*?\]\]|\btemplate\s*<[^{;]*?>\s*(?=\w)", " ", head).strip()
    if re.match(r"(?:inline\s+)?namespace\b|extern\s+\"", head):
        return "namespace"
    if re.match(r"(?:class|struct|union|enum)\b", head) and "(" not in head:
        return "type"
    return "function" if "(" in head and not head.endswith("=") else "other"


def name_of_function(head):
    match = re.search(r"([\w:~]+)\s*\(", head)
    return match.group(1) if match else "a block"


def check_bans(tree, report):
    """Calls and includes that belong elsewhere."""
    for path in cpp_files(tree):
        code = tree.code(path)
        for ban in BANS:
            if not ban.judges(path):
                continue
            for match in ban.pattern.finditer(code):
                if not is_member_call(code, match):
                    report.add(ban.check, path, f"`{match.group(0).strip()}`: {ban.instead}",
                               line_of(code, match.start()))


def is_member_call(code, match):
    """clock.sleep(…) and clock->sleep(…) are calls of our own doors."""
    return code[max(0, match.start() - 2):match.start()].endswith((".", "->"))


def check_headers(tree, report):
    """Guards, own header first, and no header that nobody includes."""
    included = {}
    for path in cpp_files(tree):
        for match in INCLUDE.finditer(tree.texts[path]):
            if match.group(1):
                included.setdefault(match.group(1), set()).add(path)
    for path in tree.files(".h", under="src/"):
        if not tree.texts[path].startswith("#pragma once\n"):
            report.add("pragma_once", path, "the first line of a header is `#pragma once`")
        users = included.get(path.removeprefix("src/"), set())
        if not users:
            report.add("dead_header", path, "no file includes it")
        elif users == {path.removesuffix(".h") + ".cc"}:
            report.warn("dead_header", path, "only its own source includes it")
    for path in tree.files(".cc", under="src/"):
        own = path.removesuffix(".cc").removeprefix("src/") + ".h"
        if f"src/{own}" not in tree.paths:
            continue
        first = INCLUDE.search(tree.texts[path])
        if first is None or first.group(1) != own:
            report.add("own_header_first", path, f"the first include is \"{own}\"")


def check_build_lists(tree, report):
    """Every .cc is compiled by some CMake file, every folder of src/ is listed."""
    listed = tree.texts.get("src/CMakeLists.txt", "")
    for folder in tree.source_folders():
        if not re.search(rf"\b{folder}\b", re.sub(r"#.*", "", listed)):
            report.add("build_lists", f"src/{folder}", "not in the list of src/CMakeLists.txt")
    for path in tree.files(".cc"):
        folder, _, name = path.rpartition("/")
        build = re.sub(r"#.*", "", tree.texts.get(f"{folder}/CMakeLists.txt", ""))
        globbed = "mr_library(" in build and folder.count("/") == 1 and name != "main.cc"
        if not globbed and not re.search(rf"(?<![\w/]){re.escape(name)}\b", build) \
                and "*.cc" not in build:
            report.add("build_lists", path, "no CMake file compiles it")


def check_folders(tree, report):
    """Folders are named for what they hold, and each of src/ says so in a README."""
    for folder in tree.folders():
        if folder.split("/")[-1] in VAGUE_FOLDERS:
            report.add("folder_name", folder, "name it for what it is responsible for")
    for folder in tree.source_folders():
        readme = f"src/{folder}/README.md"
        lines = [line for line in tree.texts.get(readme, "").splitlines() if line.strip()]
        if not lines:
            report.add("readme", f"src/{folder}", "has no README.md")
        elif not lines[0].startswith(f"# {folder}: "):
            report.add("readme", readme, f"begins with `# {folder}: what it is`")
        elif not 3 <= len(lines) <= 40:
            report.add("readme", readme, f"{len(lines)} lines; about ten say enough")


CHECKS = [check_layers, check_sizes, check_bans, check_headers, check_build_lists, check_folders]
