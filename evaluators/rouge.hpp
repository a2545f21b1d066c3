#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "evaluators/text_metric.hpp"
#include "evaluators/tokens.hpp"

namespace assay {

/// What `rouge_n` and `rouge_l` have in common: the parameters `measure` and `stem`.
class RougeOptions {
  public:
    explicit RougeOptions(const Json& parameters);

    /// In lower-case words of letters and digits; with `stem`, those of more than three letters by
    /// their Porter stems. As in Google's rouge_score for ASCII text; that drops every letter
    /// beyond ASCII, here they stay, and Chinese characters and kana are words of their own.
    [[nodiscard]] NumberedTexts read(std::string_view output,
                                     const std::vector<std::string>& references) const;
    [[nodiscard]] Measurement measurement(const PrecisionRecall& shares) const;

  private:
    std::string measure_;
    bool stem_;
};

}  // namespace assay
