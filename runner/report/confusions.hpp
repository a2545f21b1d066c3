#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/model/run.hpp"

namespace assay {

/// How often each output was given where each expected output was due, by variant. There is a
/// matrix only where it says something: the expected outputs are few short words that repeat, and
/// at least one output is one of them. Sees all units twice and keeps none.
class Confusions {
  public:
    void look(const UnitResult& unit);
    void count(const UnitResult& unit);

    /// [{"variant", "expected": [...], "outputs": [...], "counts": [line for each expected]}] in
    /// the order of the run; empty when there is no matrix. Outputs that are many or long are
    /// counted together as "anything else".
    [[nodiscard]] OrderedJson to_json() const;

  private:
    struct Matrix {
        std::string variant;
        std::set<std::string> others;  ///< outputs that are no expected output
        std::map<std::pair<std::string, std::string>, std::uint64_t> counts;
    };

    /// Whether an output that is no expected one has a column of its own, which it gets while there
    /// is room.
    [[nodiscard]] bool admit(Matrix& matrix, const std::string& output) const;
    [[nodiscard]] bool says_something() const;
    [[nodiscard]] OrderedJson to_json(const Matrix& matrix) const;

    std::set<std::string> expected_;
    std::uint64_t units_ = 0;
    bool possible_ = true;
    std::vector<Matrix> matrices_;
};

}  // namespace assay
