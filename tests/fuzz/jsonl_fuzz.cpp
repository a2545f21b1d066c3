#include "tests/fuzz/harness.hpp"
#include "tests/fuzz/rows.hpp"

namespace assay::test {

void fuzz_jsonl(std::string_view bytes) { read_rows(".jsonl", bytes); }

}  // namespace assay::test
