#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/stats/interval.hpp"
#include "runner/cli/console.hpp"

namespace assay {

/// What came of one attacked output.
struct AttackOutcome {
    std::size_t output = 0;  ///< the number of the output that was attacked
    bool answered = false;   ///< false: the judge gave no verdict
    bool flipped = false;
};

/// How many of some attacks turned a verdict.
struct FlipShare {
    std::size_t attempts = 0;  ///< answered
    std::size_t flipped = 0;
    std::size_t errors = 0;
    /// At 95 % confidence, over outputs: attacks on one output succeed together. Nothing without
    /// an attempt.
    std::optional<Interval> interval;
};

[[nodiscard]] FlipShare share_of(const std::vector<AttackOutcome>& outcomes);

/// How a judge withstood.
struct Resistance {
    std::string judge;
    std::size_t outputs = 0;      ///< that were attacked
    std::size_t passed_over = 0;  ///< that have the best verdict already, or none
    FlipShare all;
    std::map<std::string, FlipShare> families;
    std::vector<std::string> examples;  ///< "ITEM: ATTACK" of some that flipped
    std::string first_error;            ///< why an attacked output got no verdict; "" = all did
};

[[nodiscard]] OrderedJson to_json(const Resistance& found);
void print(const Resistance& found, const Console& console);

}  // namespace assay
