"""What a file may not hold. Each rule takes all sources and yields findings."""

import ast
import re

from source import Finding

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100
COLUMNS_EXEMPT = {"cmake/check_layers.cmake"}  # a row of its table is one line
README_LINES_MAX = 40

# name -> (pattern over code without comments and texts, why, files that may)
BANNED = {
    "regex": (r"\bstd::(?:basic_|w)?regex\w*", "std::regex overflows the stack on hostile input; "
              "use Regex of core/model", ()),
    "detached": (r"\bdetached\b", "every coroutine belongs to a group that is joined",
                 ("runner/cli/main.cpp",)),
    "sleep": (r"\bsleep_(?:for|until)\b|(?<![\w.>])(?:::)?u?sleep\s*\(|\bnanosleep\b",
              "wait for an event or advance the clock", ()),
    "calls": (r"(?<![\w.>])(?:std::|::)?(?:strcpy|strcat|sprintf|vsprintf|gets|system|popen|"
              r"tmpnam|mktemp|atoi|atol|atof)\s*\(", "this call is unsafe", ()),
    "dump": (r"[.>]dump\s*\(", "dump throws on invalid UTF-8; use to_text()",
             ("core/base/json.cpp",)),
    "delete": (r"(?<!operator )\bdelete\b(?!\s*[;,)])", "memory is owned by std::unique_ptr", ()),
}
OWNED_NEW = re.compile(r"(?:unique_ptr<[^;{}]*>\s*\w*\s*|\breset)[({]\s*$")


def check_banned(sources):
    for source in filter(lambda s: s.is_cpp, sources):
        for pattern, why, exempt in BANNED.values():
            if source.path in exempt:
                continue
            for match in re.finditer(pattern, source.code):
                yield source.finding(match.start(), f"{match.group().strip()}: {why}")
        for match in re.finditer(r"(?<!operator )\bnew\b(?=\s*[\w:(])", source.code):
            if not OWNED_NEW.search(source.code, 0, match.start()):
                yield source.finding(match.start(), "naked new: give it to a std::unique_ptr")


def check_python_sleeps(sources):
    """A sleep is a guess at how long something takes; only a loop that looks again may have one."""
    for source in sources:
        if not source.path.endswith(".py") or not source.path.startswith("tests/"):
            continue
        tree = ast.parse(source.text)
        polled = {id(node) for loop in ast.walk(tree) if isinstance(loop, (ast.While, ast.For))
                  for node in ast.walk(loop)}
        for node in ast.walk(tree):
            is_sleep = isinstance(node, ast.Call) and ast.unparse(node.func) == "time.sleep"
            if is_sleep and id(node) not in polled:
                yield Finding(source.path, node.lineno, "no sleeps in tests: wait for an event")


def blocks(code):
    """(header, open offset, close offset, outer headers) of every pair of braces."""
    stack = []
    header_begin = 0
    for match in re.finditer(r"[{};]", code):
        at = match.start()
        if code[at] == "{":
            stack.append((" ".join(code[header_begin:at].split()), at))
        elif code[at] == "}" and stack:
            header, begin = stack.pop()
            yield header, begin, at, [outer for outer, _ in stack]
        header_begin = at + 1


def is_namespace(header):
    return re.search(r"(?:^|\s)namespace\b[\w: ]*$|^extern \"", header) is not None


def is_type(header):
    return re.match(r"(?:template <.*> )?(?:class|struct|union|enum)\b(?!.*\))", header) is not None


def check_using_namespace(sources):
    for source in filter(lambda s: s.is_cpp, sources):
        inside = [(begin, end) for header, begin, end, _ in blocks(source.code)
                  if not is_namespace(header)]
        for match in re.finditer(r"\busing\s+namespace\b", source.code):
            if not any(begin < match.start() < end for begin, end in inside):
                yield source.finding(match.start(), "using namespace outside a function")


def check_function_length(sources):
    for source in filter(lambda s: s.is_cpp, sources):
        for header, begin, end, outer in blocks(source.code):
            at_file_scope = all(is_namespace(o) or is_type(o) for o in outer)
            if not at_file_scope or is_namespace(header) or is_type(header) or ")" not in header:
                continue
            lines = source.code.count("\n", begin, end) + 1
            if lines > FUNCTION_LINES_MAX:
                yield source.finding(begin, f"a function of {lines} lines; the most is "
                                     f"{FUNCTION_LINES_MAX}")


def check_size(sources):
    for source in filter(lambda s: s.is_code, sources):
        if len(source.lines) > FILE_LINES_MAX:
            yield source.finding(len(source.text), f"{len(source.lines)} lines; the most is "
                                 f"{FILE_LINES_MAX}")
        offset = 0
        for line in source.lines:
            if len(line) > COLUMNS_MAX and source.path not in COLUMNS_EXEMPT:
                yield source.finding(offset, f"{len(line)} columns; the most is {COLUMNS_MAX}")
            offset += len(line) + 1


def check_words(sources):
    """Unfinished work and silenced checks need an issue or a reason."""
    for source in filter(lambda s: s.is_code, sources):
        for match in re.finditer(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b(?!\(#\d+\))", source.text):
            yield source.finding(match.start(), f"{match.group()} without an issue's number")
        for match in re.finditer(r"NO" r"LINT(?:NEXTLINE|BEGIN)?\b(?!\([\w*.-]+\): \w)",
                                 source.text):
            yield source.finding(match.start(), "a silenced check names itself and the reason")


MACHINE_PATH = re.compile(r"(?<![\w.~/-])/(?:" + "|".join(("wo" "rk", "fa" "rm", "ro" "ot",
                                                         "ho" "me", "Us" "ers")) + r")/[\w.-]")


def check_machine_paths(sources):
    for source in sources:
        for match in MACHINE_PATH.finditer(source.text):
            yield source.finding(match.start(), "a path of one machine")


def check_tests_are_built(sources):
    built = {s.folder: s.text for s in sources if s.name == "CMakeLists.txt"}
    for source in sources:
        stem = re.fullmatch(r"(\w+)_test\.(?:cpp|py)", source.name)
        if not stem or not source.path.startswith("tests/"):
            continue
        listed = built.get(source.folder, "")
        if not re.search(rf"\b(?:{re.escape(source.name)}|{stem.group(1)})(?![\w.])", listed):
            yield source.finding(0, f"{source.folder}/CMakeLists.txt does not build or run it")


TEST_CASE = re.compile(r'\b(?:TEST_CASE|TEST_CASE_METHOD|SCENARIO)\s*\((?:\s*\w+\s*,)?\s*'
                       r'((?:"(?:\\.|[^"\\])*"\s*)+)(?:,\s*"([^"]*)")?')


def check_test_names(sources):
    for source in filter(lambda s: s.is_cpp and s.path.startswith("tests/"), sources):
        for match in TEST_CASE.finditer(source.text):
            if re.search(r"[\[\],;]", match.group(1)):
                yield source.finding(match.start(), "a test's name with [ ] , or ; is read as a "
                                     "filter, so nothing would run")
            if re.search(r"\[\.|\[!", match.group(2) or ""):
                yield source.finding(match.start(), "a test that is disabled or may fail")


def readme_folders(sources):
    """Every folder of the layout: those of the libraries, of the tests and of the examples."""
    with_code = {s.folder for s in sources if s.is_cpp and not s.path.startswith("tests/")}
    outermost = {f for f in with_code if f.rpartition("/")[0] not in with_code}
    examples = {s.folder for s in sources if s.path.startswith("examples/")}
    return (outermost | {"/".join(f.split("/")[:2]) for f in examples} | {"tests"}) - {"cmake"}


def check_readmes(sources):
    for folder in sorted(readme_folders(sources)):
        path = f"{folder}/README.md"
        readme = next((s for s in sources if s.path == path), None)
        if readme is None:
            yield next(s for s in sources if s.path.startswith(folder + "/")).finding(
                0, f"the folder {folder} has no README.md")
        elif len(readme.lines) > README_LINES_MAX:
            yield readme.finding(0, f"{len(readme.lines)} lines; the most is {README_LINES_MAX}")
