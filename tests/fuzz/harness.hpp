#pragma once

#include <array>
#include <string_view>

// A harness gives any bytes to a parser, as the program does, and asserts what must hold of what
// comes out. The same functions are run by corpus_test.cpp in every build and by libFuzzer.

namespace assay::test {

#define ASSAY_HARNESS(name) void fuzz_##name(std::string_view bytes);
#include "tests/fuzz/harnesses.def"
#undef ASSAY_HARNESS

struct Harness {
    const char* name;
    void (*run)(std::string_view bytes);
};
inline constexpr std::array k_harnesses = {
#define ASSAY_HARNESS(name) Harness{#name, &fuzz_##name},
#include "tests/fuzz/harnesses.def"
#undef ASSAY_HARNESS
};

}  // namespace assay::test
