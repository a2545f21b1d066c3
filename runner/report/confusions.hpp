#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/json.hpp"
#include "core/model/run.hpp"
#include "runner/report/label_tally.hpp"

namespace assay {

/// How often each output was given where each expected output was due, by variant, for runs that do
/// not ask for a confusion matrix. There is one only where it says something: expected outputs and
/// outputs are few short texts that repeat, and at least one output is the expected one.
class Confusions {
  public:
    /// Units of one variant must follow each other.
    void add(const UnitResult& unit);

    /// [{"variant", "labels": [...], "counts": [a line for each expected label]}].
    [[nodiscard]] OrderedJson to_json() const;

  private:
    std::vector<std::pair<std::string, LabelTally>> variants_;
};

}  // namespace assay
