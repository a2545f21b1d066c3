"""Reads the tree and gives each file to the rules: its text, its lines and, for C++, its code."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

SKIPPED_FOLDERS = {"build", ".git", ".cache", ".assay", "node_modules", "__pycache__"}
CODE_SUFFIXES = {".cpp", ".hpp", ".def", ".py", ".sh", ".cmake", ".js", ".mjs", ".css"}
SUFFIXES = CODE_SUFFIXES | {".md", ".txt", ".json", ".jsonl", ".yaml", ".yml", ".sql", ".csv",
                            ".tsv", ".toml", ".xml", ".html", ""}


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True)
class Source:
    """One file; `path` is relative to the root of the tree, with forward slashes."""

    path: str
    text: str

    @property
    def name(self):
        return self.path.rsplit("/", 1)[-1]

    @property
    def folder(self):
        return self.path.rpartition("/")[0]

    @property
    def is_cpp(self):
        return self.path.endswith((".cpp", ".hpp"))

    @property
    def is_code(self):
        return Path(self.path).suffix in CODE_SUFFIXES or self.name == "CMakeLists.txt"

    @cached_property
    def lines(self):
        return self.text.splitlines()

    @cached_property
    def code(self):
        """C++ with comments and the insides of literals blanked out; offsets stay the same."""
        return blank_out(self.text)

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def finding(self, offset, message):
        return Finding(self.path, self.line_of(offset), message)


TOKEN = re.compile(
    r"""//[^\n]*                                   # a comment to the end of the line
      | /\*.*?\*/                                  # a comment between marks
      | R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)"  # a raw string
      | "(?:\\.|[^"\\\n])*"                        # a string
      | (?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'       # a character, not the mark within 1'000
    """,
    re.VERBOSE | re.DOTALL,
)


def blank_out(text):
    def blank(match):
        token = match.group()
        blanked = re.sub(r"[^\n]", " ", token)
        return '"' + blanked[1:-1] + '"' if token[-1] == '"' else blanked

    # The names in #include lines are code and not text.
    return TOKEN.sub(lambda m: m.group() if is_include(text, m.start()) else blank(m), text)


def is_include(text, offset):
    begin = text.rfind("\n", 0, offset) + 1
    return text[begin:offset].strip() == "#include"


def read_tree(root):
    root = Path(root)
    sources = []
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if SKIPPED_FOLDERS & set(relative.parts[:-1]) or path.suffix not in SUFFIXES:
            continue
        if not path.is_file() or path.stat().st_size > 4 << 20:
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # an input of a test that is wrong on purpose
        sources.append(Source(relative.as_posix(), text))
    return sources
