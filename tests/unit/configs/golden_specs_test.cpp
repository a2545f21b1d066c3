#include <catch2/catch.hpp>
#include <filesystem>
#include <sstream>

#include "configs/load_spec.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay {
namespace {
namespace fs = std::filesystem;

// Each folder of tests/golden/specs is a case: spec.yaml or spec.json, the files it names, maybe
// set.txt with a --set argument a line, and expected/diagnostics.txt: all that is wrong with it.

constexpr const char* k_canary = "canary-5f1c";

void erase_all(std::string& text, const std::string& part) {
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part)) {
        text.erase(at, part.size());
    }
}

std::string diagnose(const fs::path& folder) {
    const std::map<std::string, std::string> environment = {{"LOCAL_KEY", k_canary}};
    LoadOptions options{.overrides = {}, .environment = &environment};
    if (fs::exists(folder / "set.txt")) {
        std::istringstream lines(test::read_text(folder / "set.txt"));
        for (std::string line; std::getline(lines, line);) options.overrides.push_back(line);
    }
    const bool json = fs::exists(folder / "spec.json");
    const LoadedSpec loaded = load_spec(folder / (json ? "spec.json" : "spec.yaml"), options);
    CHECK_THAT(to_text(loaded.spec.document), !Catch::Contains(k_canary));
    std::string text = to_string(loaded.diagnostics) + "\n";
    erase_all(text, folder.string() + "/");
    return text;
}

TEST_CASE("golden specs: every mistake is found at its place and nothing else is") {
    const fs::path root = fs::path(ASSAY_SOURCE_DIR) / "tests/golden/specs";
    std::size_t cases = 0;
    for (const fs::directory_entry& entry : fs::directory_iterator(root)) {
        if (!entry.is_directory()) continue;
        ++cases;
        INFO(entry.path().string());
        CHECK(diagnose(entry.path()) == test::read_text(entry.path() / "expected/diagnostics.txt"));
    }
    CHECK(cases >= 40);
}

}  // namespace
}  // namespace assay
