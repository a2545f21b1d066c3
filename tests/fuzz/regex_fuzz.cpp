#include "core/model/regex.hpp"

#include "core/base/error.hpp"
#include "tests/fuzz/harness.hpp"

namespace assay::test {

/// A pattern, a newline and a text.
void fuzz_regex(std::string_view bytes) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const auto regex = Regex::compile(bytes.substr(0, end), {.ignore_case = bytes.size() % 2 == 0});
    if (!regex) return;
    const std::string_view text = bytes.substr(end);
    const bool found = regex->found_in(text);
    ASSAY_ASSERT(found || !regex->matches_all(text), "what matches all is found");
    ASSAY_ASSERT(found || !regex->extract(text), "what is extracted is found");
    (void)regex->extract_last(text);
}

}  // namespace assay::test
