#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "server/resources/prompt_compose.hpp"
#include "server/resources/prompt_rules.hpp"
#include "tests/fuzz/harness.hpp"

namespace assay::test {

void fuzz_prompt(std::string_view bytes) {
    std::size_t end = 0;
    for (const PromptReference& reference : find_prompt_references(bytes)) {
        ASSAY_ASSERT(reference.begin >= end && reference.end > reference.begin, "one by one");
        end = reference.end;
        (void)check_prompt_name(reference.name);
        (void)check_prompt_label(reference.name);
    }
    ASSAY_ASSERT(end <= bytes.size(), "references are in the text");
    const auto content = parse_json(bytes);
    if (!content) return;
    for (const char* const type : {"text", "chat"}) {
        const auto stored = normalise_prompt(type, *content);
        if (!stored) continue;
        ASSAY_ASSERT(normalise_prompt(type, *stored) == *stored, "what is stored is as it must be");
        (void)references_of(*stored);
    }
}

}  // namespace assay::test
