#include "tests/fuzz/harness.hpp"
#include "tests/fuzz/rows.hpp"

namespace assay::test {

void fuzz_csv(std::string_view bytes) { read_rows(".csv", bytes); }

}  // namespace assay::test
