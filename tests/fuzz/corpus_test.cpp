#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <string_view>

#include "core/base/files.hpp"
#include "tests/fuzz/harness.hpp"
#include "tests/fuzz/mutator.hpp"
#include "tests/support/seed.hpp"

namespace assay::test {
namespace {

namespace fs = std::filesystem;

constexpr double k_input_seconds_max = 1;
constexpr long k_memory_kilobytes_max = 512L << 10U;
constexpr bool k_is_sanitized = !std::string_view(ASSAY_SANITIZE).empty();

fs::path corpus_folder() { return fs::path(ASSAY_SOURCE_DIR) / "tests/fuzz/corpus"; }

std::vector<std::string> read_corpus(const char* name) {
    std::set<fs::path> files;
    for (const auto& entry : fs::directory_iterator(corpus_folder() / name)) {
        files.insert(entry.path());
    }
    std::vector<std::string> inputs;
    for (const fs::path& file : files) {
        inputs.push_back(read_file(file, InputMutator::k_bytes_max).value());
    }
    return inputs;
}

double cpu_seconds() {
    timespec time{};
    (void)::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// How long each harness gets mutated inputs, or ASSAY_FUZZ_SECONDS.
double seconds_of_harness() {
    const char* const given = std::getenv("ASSAY_FUZZ_SECONDS");
    return given == nullptr ? 1 : std::strtod(given, nullptr);
}

/// Runs one input. With ASSAY_FUZZ_INPUT it stands in that file first, so that the one which ends
/// the process can be found.
void run(const Harness& harness, const std::string& input) {
    static const char* const file = std::getenv("ASSAY_FUZZ_INPUT");
    if (file != nullptr) std::ofstream(file, std::ios::binary) << input;
    const double began = cpu_seconds();
    harness.run(input);
    const double took = cpu_seconds() - began;
    if (took < k_input_seconds_max) return;
    CAPTURE(took, input);
    FAIL_CHECK("it took too long");
}

}  // namespace

TEST_CASE("fuzz: every harness has a corpus and every corpus a harness", "[fuzz]") {
    std::set<std::string> names;
    for (const Harness& harness : k_harnesses) names.insert(harness.name);
    std::set<std::string> folders;
    for (const auto& entry : fs::directory_iterator(corpus_folder())) {
        folders.insert(entry.path().filename().string());
        CHECK_FALSE(read_corpus(entry.path().filename().c_str()).empty());
    }
    CHECK(folders == names);
}

TEST_CASE("fuzz: inputs of the corpus and what is made of them do no harm", "[fuzz]") {
    const std::uint64_t seed = seed_of_test();
    // Now, as a sanitizer ends the process without a word of it.
    std::cerr << "ASSAY_SEED=" << seed << '\n';
    for (const Harness& harness : k_harnesses) {
        INFO(harness.name);
        const std::vector<std::string> corpus = read_corpus(harness.name);
        run(harness, "");
        for (const std::string& input : corpus) run(harness, input);
        Rng random(seed);
        InputMutator mutator(random, corpus);
        const double end = cpu_seconds() + seconds_of_harness();
        while (cpu_seconds() < end) run(harness, mutator.next());
    }
    rusage used{};
    REQUIRE(::getrusage(RUSAGE_SELF, &used) == 0);
    // A sanitizer keeps for a while what was freed.
    if (!k_is_sanitized) CHECK(used.ru_maxrss < k_memory_kilobytes_max);
}

}  // namespace assay::test
