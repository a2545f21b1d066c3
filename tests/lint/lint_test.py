"""Each rule must catch what it is for and leave the rest alone."""

import unittest

import layers
import rules
from source import Source, blank_out

TABLE = Source("cmake/check_layers.cmake", '''
set(ASSAY_LAYERS
    "assay_base:"
    "assay_model:base"
    "assay_cli:*")
''')
BASE = Source("core/CMakeLists.txt", "assay_add_library(\n  NAME assay_base\n  SOURCES base/a.cpp)")
MODEL = Source("core/model/CMakeLists.txt", "assay_add_library(NAME assay_model SOURCES b.cpp)")


def messages(rule, *sources):
    return [str(finding) for finding in rule(list(sources))]


def cpp(text, path="core/base/a.cpp"):
    return Source(path, text)


class LintTest(unittest.TestCase):
    def assert_caught(self, rule, *sources, line=1):
        found = messages(rule, *sources)
        self.assertEqual(len(found), 1, found)
        self.assertIn(f":{line}: ", found[0])

    def assert_clean(self, rule, *sources):
        self.assertEqual(messages(rule, *sources), [])


class LayerTest(LintTest):
    def includes(self, path, header):
        return TABLE, BASE, MODEL, Source(path, f'#pragma once\n#include "{header}"\n')

    def test_a_lower_row_may_not_include_a_higher_one(self):
        self.assert_caught(layers.check_layers,
                           *self.includes("core/base/a.cpp", "core/model/b.hpp"), line=2)

    def test_allowed_includes(self):
        self.assert_clean(layers.check_layers,
                          *self.includes("core/model/b.cpp", "core/base/a.hpp"))
        self.assert_clean(layers.check_layers,
                          *self.includes("core/model/deep/b.cpp", "core/model/b.hpp"))
        self.assert_clean(layers.check_layers,
                          *self.includes("tests/unit/base/a_test.cpp", "core/model/b.hpp"))

    def test_an_include_outside_the_libraries(self):
        self.assert_caught(layers.check_layers,
                           *self.includes("core/base/a.cpp", "tests/support/x.hpp"), line=2)

    def test_an_include_in_a_comment_does_not_count(self):
        self.assert_clean(layers.check_layers, TABLE, BASE, MODEL,
                          cpp('// see\n/*\n#include "core/model/b.hpp"\n*/\n'))

    def test_third_party_headers_have_one_folder(self):
        for header in ("sqlite3.h", "curl/curl.h", "yaml-cpp/yaml.h", "re2/re2.h", "regex"):
            self.assert_caught(layers.check_third_party, cpp(f"#include <{header}>\n"))
        self.assert_clean(layers.check_third_party,
                          cpp("#include <sqlite3.h>\n", "server/store/a.cpp"))
        self.assert_clean(layers.check_third_party, cpp("#include <regular>\n#include <vector>\n"))


class BannedTest(LintTest):
    def test_banned_calls_are_caught(self):
        for bad in ("std::regex r;", "std::regex_match(a, b);", "spawn(f(), detached);",
                    "std::this_thread::sleep_for(1s);", "usleep(5);", "strcpy(a, b);",
                    "std::system(x);", "::popen(a, b);", "sprintf(a, b);", "value.dump();",
                    "value->dump (2);", "delete pointer;", "delete[] pointers;",
                    "auto* p = new Thing(1);", "auto* p = new int[3];", "take(new Thing);"):
            with self.subTest(bad):
                self.assert_caught(rules.check_banned, cpp(f"\nvoid f() {{ {bad} }}\n"), line=2)

    def test_words_that_only_look_banned_are_left_alone(self):
        for good in ("error.system(1);", "A(const A&) = delete;", "// a new way, sleep_for",
                     'f("std::regex system(1)");', 'f(R"(delete x; new y)");', "renew(x);",
                     "void* operator new(std::size_t size) {",
                     "void operator delete(void* memory) {",
                     "std::unique_ptr<Thing> p(new Thing(1));", "p.reset(new Thing(1));",
                     "return std::unique_ptr<Thing>(\n new Thing);", "int n = 10'000; f('\\'');",
                     "operating_system(x);", "fsnprintf(x);"):
            with self.subTest(good):
                self.assert_clean(rules.check_banned, cpp(f"void f() {{ {good} }}\n"))

    def test_exempt_files(self):
        self.assert_clean(rules.check_banned, cpp("x = detached;", "runner/cli/main.cpp"))
        self.assert_clean(rules.check_banned, cpp("x.dump(2);", "core/base/json.cpp"))

    def test_python_tests_do_not_sleep_but_may_poll(self):
        def script(text, path="tests/cli/a_test.py"):
            return Source(path, text)

        self.assert_caught(rules.check_python_sleeps, script("import time\ntime.sleep(1)\n"),
                           line=2)
        self.assert_clean(rules.check_python_sleeps,
                          script("while not ready():\n    time.sleep(0.01)\n"))
        self.assert_clean(rules.check_python_sleeps, script('PROGRAM = "time.sleep(60)"\n'))
        self.assert_clean(rules.check_python_sleeps, script("time.sleep(1)\n", "examples/a.py"))

    def test_using_namespace_at_file_scope(self):
        for bad in ("using namespace std;", "namespace a {\nusing namespace std;\n}",
                    "namespace {\nnamespace b::c {\nusing namespace d;\n}\n}"):
            self.assertEqual(len(messages(rules.check_using_namespace, cpp(bad))), 1, bad)
        self.assert_clean(rules.check_using_namespace,
                          cpp("namespace a {\nvoid f() {\nusing namespace std;\n}\n}\n"))

    def test_unfinished_words_and_silenced_checks(self):
        todo, silenced = "TO" + "DO", "NO" + "LINT"
        self.assert_caught(rules.check_words, cpp(f"// {todo}: later\n"))
        self.assert_clean(rules.check_words, cpp(f"// {todo}(#12): later\n"))
        self.assert_caught(rules.check_words, cpp(f"f();  // {silenced}\n"))
        self.assert_caught(rules.check_words, cpp(f"f();  // {silenced}(bugprone-x)\n"))
        self.assert_clean(rules.check_words, cpp(f"f();  // {silenced}(bugprone-x): a reason\n"))


class SizeTest(LintTest):
    def test_files(self):
        self.assert_caught(rules.check_size, cpp("int x;\n" * 601), line=602)
        self.assert_clean(rules.check_size, cpp("int x;\n" * 600))
        self.assert_clean(rules.check_size, Source("docs/a.md", "text\n" * 601))
        for page in ("a.js", "a.mjs", "a.css"):
            self.assert_caught(rules.check_size, Source(page, "x;\n" * 601), line=602)

    def test_lines_are_counted_in_characters(self):
        self.assert_caught(rules.check_size, cpp("\n//" + "x" * 99 + "\n"), line=2)
        self.assert_clean(rules.check_size, cpp("//" + "é" * 98 + "\n"))

    def test_functions(self):
        def function(lines, header="void f(int a) const"):
            return cpp("namespace x {\n" + header + " {\n" + "g();\n" * (lines - 2) + "}\n}\n")

        self.assert_caught(rules.check_function_length, function(71), line=2)
        self.assert_clean(rules.check_function_length, function(70))
        self.assert_caught(rules.check_function_length, function(71, 'TEST_CASE("x", "[y]")'),
                           line=2)
        self.assert_caught(rules.check_function_length,
                           cpp("class A {\n int f() {\n" + "g();\n" * 70 + "}\n};\n"), line=2)
        self.assert_clean(rules.check_function_length,
                          cpp("struct A {\n" + "int x;\n" * 99 + "};\n"))
        self.assert_clean(rules.check_function_length,
                          cpp("const int k_table[] = {\n" + "1,\n" * 99 + "};\n"))


class TreeTest(LintTest):
    def test_machine_paths(self):
        for folder in ("wo" + "rk", "ho" + "me", "ro" + "ot"):
            self.assert_caught(rules.check_machine_paths,
                               Source("docs/a.md", f"see\n`/{folder}/somebody/x`\n"), line=2)
        for good in ("a/" + "work/x", "http://h/" + "home/x", "the net/" + "work"):
            self.assert_clean(rules.check_machine_paths, Source("docs/a.md", good))

    def test_every_test_is_built(self):
        listing = Source("tests/unit/a/CMakeLists.txt", "SOURCES one_test.cpp\nforeach(two)\n")
        for name in ("one_test.cpp", "two_test.py"):
            self.assert_clean(rules.check_tests_are_built, listing,
                              Source(f"tests/unit/a/{name}", ""))
        for name in ("three_test.cpp", "ne_test.cpp"):
            self.assert_caught(rules.check_tests_are_built, listing,
                               Source(f"tests/unit/a/{name}", ""))
        self.assert_caught(rules.check_tests_are_built, listing,
                           Source("tests/unit/b/one_test.cpp", ""))

    def test_names_of_tests(self):
        def named(arguments):
            return cpp(f"\nTEST_CASE({arguments}) {{}}\n", "tests/unit/a/a_test.cpp")

        for bad in ('"a [b]"', '"a, b"', '"a; b", "[x]"', '"a"\n"b, c"', '"a", "[.]"',
                    '"a", "[x][!mayfail]"'):
            self.assert_caught(rules.check_test_names, named(bad), line=2)
        for good in ('"a: b holds"', '"a: b", "[x][y]"', '"a"\n" b", "[x]"'):
            self.assert_clean(rules.check_test_names, named(good))

    def test_readmes(self):
        code = cpp("", "core/base/a.cpp")
        tests = Source("tests/README.md", "")
        self.assert_caught(rules.check_readmes, code, tests)
        self.assert_clean(rules.check_readmes, code, tests,
                          Source("core/base/README.md", "a\n" * 40))
        self.assert_caught(rules.check_readmes, code, tests,
                           Source("core/base/README.md", "a\n" * 41))
        self.assert_clean(rules.check_readmes, tests, Source("judges/README.md", "a"),
                          cpp("", "judges/a.hpp"), cpp("", "judges/providers/b.cpp"))
        self.assert_caught(rules.check_readmes, tests, Source("examples/README.md", "a"),
                           Source("examples/x/app.py", ""))

    def test_blanking_keeps_offsets(self):
        text = 'a("x\\"y"); // c\nR"z(\n")z" \'"\' /* d\n */ b'
        self.assertEqual(len(blank_out(text)), len(text))
        self.assertEqual(blank_out(text).count("\n"), text.count("\n"))
        self.assertEqual(blank_out(text).split(), ['a("', '");', '"', '"', "b"])


if __name__ == "__main__":
    unittest.main()
