"""Who may include whom: the table of cmake/check_layers.cmake, held against the #include lines."""

import re

from source import Finding

LAYER_ROW = re.compile(r'^\s*"(assay_\w+):(\*|[\w,]*)"', re.MULTILINE)
LIBRARY = re.compile(r"assay_add_library\(\s*NAME\s+(\w+)(.*?)\)", re.DOTALL)
OURS = re.compile(r'^\s*#include "([\w./]+)"', re.MULTILINE)
THEIRS = re.compile(r"^\s*#include <([\w./+-]+)>", re.MULTILINE)

# A third-party library is included in one folder, behind an interface of ours.
HEADER_OWNERS = {
    "CLI/": ("runner/cli",),
    "boost/beast/": ("server/api",),
    "curl/": ("core/http",),
    "lua.hpp": ("evaluators",),
    "nlohmann/": ("core/base",),
    "openssl/": ("core/base",),
    "re2/": ("core/model",),
    "sqlite3.h": ("server/store",),
    "tbb/": ("runner/engine", "runner/report"),
    "oneapi/": ("runner/engine", "runner/report"),
    "yaml-cpp/": ("configs",),
    "zlib.h": ("server/api",),
    "zstd.h": ("server/store",),
    "regex": (),
}


def allowed_libraries(sources):
    """Library -> the libraries it may use, itself included."""
    table = next((s for s in sources if s.path == "cmake/check_layers.cmake"), None)
    rows = LAYER_ROW.findall(table.text) if table else []
    everything = {name for name, _ in rows}
    return {
        name: everything if uses == "*"
        else {name, *(f"assay_{use}" for use in filter(None, uses.split(",")))}
        for name, uses in rows
    }


def libraries_by_folder(sources):
    """Folder -> the libraries whose sources are in it or listed in it."""
    folders = {}
    for source in sources:
        if source.name != "CMakeLists.txt" or source.path.startswith("tests/"):
            continue
        for name, arguments in LIBRARY.findall(source.text):
            folders.setdefault(source.folder, set()).add(name)
            for path in re.findall(r"([\w./]+)\.cpp", arguments):
                folder = f"{source.folder}/{path}".rpartition("/")[0]
                folders.setdefault(folder, set()).add(name)
    return folders


def libraries_of(path, folders):
    folder = path.rpartition("/")[0]
    while folder and folder not in folders:
        folder = folder.rpartition("/")[0]
    return folders.get(folder, set())


def check_layers(sources):
    allowed = allowed_libraries(sources)
    folders = libraries_by_folder(sources)
    for source in sources:
        own = libraries_of(source.path, folders)
        if not source.is_cpp or not own:
            continue  # tests and benchmarks may use everything
        may_use = set().union(*(allowed.get(library, set()) for library in own))
        for match in OURS.finditer(source.code):
            used = libraries_of(match.group(1), folders)
            if not used:
                yield source.finding(match.start(1), f'"{match.group(1)}" belongs to no library')
            elif not used & may_use:
                yield source.finding(match.start(1), f"{'/'.join(sorted(own))} may not use "
                                     f"{'/'.join(sorted(used))} (cmake/check_layers.cmake)")


def check_third_party(sources):
    for source in sources:
        if not source.is_cpp or source.path.startswith(("tests/", "cmake/")):
            continue
        for match in THEIRS.finditer(source.code):
            for header, owners in HEADER_OWNERS.items():
                is_it = match.group(1) == header or (header.endswith("/") and
                                                     match.group(1).startswith(header))
                if is_it and not source.path.startswith(tuple(f"{o}/" for o in owners)):
                    where = " or ".join(owners) or "no folder"
                    yield Finding(source.path, source.line_of(match.start(1)),
                                  f"<{match.group(1)}> is included in {where} only")
