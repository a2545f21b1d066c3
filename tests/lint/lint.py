"""Holds the tree against the style guide where a program can: python3 tests/lint/lint.py [ROOT]"""

import sys
from pathlib import Path

import layers
import rules
from source import read_tree

RULES = (
    layers.check_layers,
    layers.check_third_party,
    rules.check_banned,
    rules.check_python_sleeps,
    rules.check_using_namespace,
    rules.check_function_length,
    rules.check_size,
    rules.check_words,
    rules.check_machine_paths,
    rules.check_tests_are_built,
    rules.check_test_names,
    rules.check_readmes,
)


def lint(sources):
    return [finding for rule in RULES for finding in rule(sources)]


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    sources = read_tree(root)
    findings = lint(sources)
    for finding in sorted(findings, key=lambda f: (f.path, f.line)):
        print(finding)
    print(f"{len(sources)} files, {len(findings)} findings")
    return 1 if findings or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
