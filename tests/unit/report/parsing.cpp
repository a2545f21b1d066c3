#include "parsing.hpp"

#include <spawn.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>

#include "configs/load_spec.hpp"
#include "evaluators/json_schema_validator.hpp"

extern char** environ;

namespace assay::test {
namespace {

class CsvParser {
  public:
    explicit CsvParser(std::string_view text) : text_(text) {}

    std::vector<std::vector<std::string>> parse() {
        std::vector<std::vector<std::string>> rows;
        while (at_ < text_.size()) {
            rows.emplace_back();
            do {
                rows.back().push_back(cell());
            } while (take(","));
            if (!take("\r\n")) FAIL("a row does not end in CR LF at byte " << at_);
        }
        return rows;
    }

  private:
    bool take(std::string_view token) {
        if (!text_.substr(at_).starts_with(token)) return false;
        at_ += token.size();
        return true;
    }

    std::string cell() {
        std::string value;
        if (!take("\"")) {
            const std::size_t end = std::min(text_.find_first_of(",\r\n\"", at_), text_.size());
            value = text_.substr(at_, end - at_);
            at_ = end;
            return value;
        }
        while (at_ < text_.size()) {
            if (take("\"\"")) {
                value += '"';
            } else if (take("\"")) {
                return value;
            } else {
                value += text_[at_++];
            }
        }
        FAIL("a quoted cell does not end");
        return value;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// The exit code of a Python program; 127 where there is no python3.
int run_python(std::string program, std::string argument) {
    std::string name = "python3";
    std::string option = "-c";
    char* const arguments[] = {name.data(), option.data(), program.data(), argument.data(),
                               nullptr};
    pid_t child = 0;
    if (::posix_spawnp(&child, name.c_str(), nullptr, nullptr, arguments, environ) != 0) return 127;
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

constexpr const char* k_check = R"(
import pathlib, sys, xml.etree.ElementTree as tree
totals = ("tests", "failures", "errors")
counted = totals + ("skipped",)
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.xml")):
    root = tree.parse(file).getroot()
    assert root.tag == "testsuites", file
    sums = dict.fromkeys(totals, 0)
    for suite in root:
        cases = [part for part in suite if part.tag != "properties"]
        assert all(case.tag == "testcase" for case in cases), file
        found = {"tests": len(cases)}
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            found[name] = sum(len(case.findall(tag)) for case in cases)
        for name in counted:
            assert int(suite.get(name)) == found[name], (file, suite.get("name"), name)
        for name in totals:
            sums[name] += found[name]
        assert abs(float(suite.get("time")) - sum(float(c.get("time")) for c in cases)) \
            <= 0.001 * (1 + len(cases)), file
    for name in totals:
        assert int(root.get(name)) == sums[name], (file, name)
)";

}  // namespace

std::vector<std::vector<std::string>> parse_csv(std::string_view text) {
    return CsvParser(text).parse();
}

void check_report_schema(const Json& report) {
    static const JsonSchema k_schema = [] {
        const auto document = parse_json(report_schema_text());
        if (!document) FAIL(document.error().message);
        auto schema = JsonSchema::compile(*document);
        if (!schema) FAIL(schema.error().message);
        return std::move(*schema);
    }();
    const auto violations = k_schema.validate(report);
    if (!violations) FAIL(violations.error().message);
    for (const JsonSchema::Violation& violation : *violations) FAIL_CHECK(to_string(violation));
}

bool check_junit_files(const std::filesystem::path& folder) {
    const int exit_code = run_python(k_check, folder.string());
    if (exit_code == 127) {
        WARN("skipped: there is no python3 to read JUnit files with");
        return false;
    }
    CHECK(exit_code == 0);
    return true;
}

}  // namespace assay::test
