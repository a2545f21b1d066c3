#include <cstddef>
#include <cstdint>

#include "tests/fuzz/harness.hpp"

// ASSAY_FUZZ_FUNCTION is the harness of this program.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    assay::test::ASSAY_FUZZ_FUNCTION({reinterpret_cast<const char*>(data), size});
    return 0;
}
