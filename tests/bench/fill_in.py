"""Puts what a program prints into a page, between <!-- NAME:begin --> and <!-- NAME:end -->.

    fill_in.py PAGE NAME PROGRAM [ARGUMENT...]
"""

import pathlib
import subprocess
import sys


def main(page_name, name, *command):
    page = pathlib.Path(page_name)
    text = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->\n"
    if text.count(begin) != 1 or text.count(end) != 1:
        sys.exit(f"{page}: needs {begin.strip()} and {end.strip()}, each once and on its own line")
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # Read again: the program may run for minutes, in which somebody edits the page.
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    page.write_text(f"{before}{begin}\n{printed.strip()}\n\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__.strip())
    main(*sys.argv[1:])
