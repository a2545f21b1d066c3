#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "evaluators/evaluator.hpp"

namespace assay {

/// Those of the expected texts that stand in the output, and those that do not, as they are
/// written in the expected value.
struct FoundTexts {
    std::vector<std::string_view> found;
    std::vector<std::string_view> missing;
};

/// What `contains_any` and `contains_all` differ in.
struct TextSearch {
    bool (*holds)(const FoundTexts& texts);
    /// Introduces the missing texts where it does not hold: "missing".
    std::string_view complaint;
};

/// An evaluator of one search; its parameter is `ignore_case`. The expected value is a list of
/// texts, which may also be written as the text of a JSON array (the cell of a CSV file, a rendered
/// template), or one text. Other values are looked for as compact JSON. `search` lives as long as
/// the program.
[[nodiscard]] std::unique_ptr<Evaluator> make_text_search(const TextSearch& search,
                                                          const Json& parameters);

}  // namespace assay
