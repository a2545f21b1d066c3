#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/model/unit.hpp"

namespace assay {

/// The scores of one item, of one variant, over its repetitions.
class RepetitionFold {
  public:
    void add(const Evaluation& evaluation);

    /// Name and text of each score, in the order in which they came: a single value as it is,
    /// several numbers (or true and false) as "mean ± standard deviation", the latter with n − 1,
    /// and several categories one by one.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> texts() const;

  private:
    struct FoldedScore {
        std::string name;
        std::vector<ScoreValue> values;
    };

    static std::string text_of(const FoldedScore& score);
    [[nodiscard]] FoldedScore& fold_of(const std::string& name);

    std::vector<FoldedScore> scores_;
};

}  // namespace assay
