#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "evaluators/evaluator.hpp"

namespace assay {

/// What `contains`, `starts_with` and `ends_with` differ in.
struct TextRelation {
    /// Both texts are folded when `ignore_case` is set.
    bool (*holds)(std::string_view output, std::string_view expected);
    /// Why it does not hold, with the texts as they were given.
    std::string (*difference)(std::string_view output, std::string_view expected);
    /// Why an empty expected text is refused: "every output contains an empty text".
    std::string_view when_empty;
};

/// An evaluator of one relation; its parameter is `ignore_case`. `relation` lives as long as the
/// program.
[[nodiscard]] std::unique_ptr<Evaluator> make_text_relation(const TextRelation& relation,
                                                            const Json& parameters);

}  // namespace assay
