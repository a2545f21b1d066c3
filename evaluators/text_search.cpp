#include "evaluators/text_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "evaluators/text_list.hpp"

namespace assay {
namespace {

using Texts = std::vector<std::string>;

Result<Texts> read_texts(const Json& expected) {
    const auto written = array_in(expected);
    const Json& value = written ? *written : expected;
    Texts texts;
    if (value.is_array()) {
        for (const Json& element : value) texts.push_back(as_text(element));
    } else {
        texts.push_back(as_text(value));
    }
    if (texts.empty()) {
        return failure(ErrorCode::invalid_argument, "the list of expected texts is empty");
    }
    if (std::ranges::find(texts, "") != texts.end()) {
        return failure(ErrorCode::invalid_argument,
                       "an expected text is empty, and every output contains an empty text");
    }
    return texts;
}

Result<FoundTexts> find_texts(const Texts& parts, const Json& output, bool ignore_case) {
    std::string scratch;
    std::string_view text = as_text(output, scratch);
    if (parts.size() > 1 && text.size() > limits::k_text_search_bytes_max / parts.size()) {
        return failure(ErrorCode::resource_exhausted,
                       fmt::format("{} texts in an output of {} bytes are more than is searched; "
                                   "look for fewer",
                                   parts.size(), text.size()));
    }
    std::string folded;
    if (ignore_case) {
        folded = fold_case(text);
        text = folded;
    }
    FoundTexts result;
    for (const std::string& part : parts) {
        const bool found = ignore_case ? is_in(fold_case(part), text) : is_in(part, text);
        (found ? result.found : result.missing).push_back(part);
    }
    return result;
}

class SearchedTexts final : public Evaluator {
  public:
    SearchedTexts(const TextSearch& search, bool ignore_case)
        : search_(search), ignore_case_(ignore_case) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        ASSAY_TRY(const Texts parts, read_texts(*input.expected));
        ASSAY_TRY(const FoundTexts texts, find_texts(parts, input.output, ignore_case_));
        if (search_.holds(texts)) return one_score(true);
        return one_score(false,
                         fmt::format("{}: {}", search_.complaint, list_excerpt(texts.missing)));
    }

    Result<void> check_expected(const Json& expected) const override {
        ASSAY_CHECK(read_texts(expected));
        return {};
    }

  private:
    const TextSearch& search_;
    bool ignore_case_;
};

}  // namespace

std::unique_ptr<Evaluator> make_text_search(const TextSearch& search, const Json& parameters) {
    return std::make_unique<SearchedTexts>(search, parameters.value("ignore_case", false));
}

}  // namespace assay
