#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/model/json_path.hpp"
#include "core/model/regex.hpp"
#include "core/model/template.hpp"
#include "core/model/unit.hpp"
#include "evaluators/evaluator.hpp"

namespace assay {

/// A mistake in an evaluator's entry, as a JSON pointer inside that entry ("/pattern", "" for the
/// entry itself) and what is wrong.
struct ParameterMistake {
    std::string pointer;
    std::string message;
};

/// One entry of the spec's `evaluators`, bound to its definition and ready to run: the common keys
/// of SPEC 1.6 around the definition's own function.
class BoundEvaluator {
  public:
    /// What the entry says: `parameters` holds the definition's own keys, `common` the common ones
    /// (value, on, extract, expected_extract, strip, not, threshold, check, ...).
    struct Entry {
        std::string name;
        Json parameters;
        Json common;
    };

    /// Checks the parameters against the definition's schema, compiles expressions and templates.
    /// All mistakes are appended; nothing is returned when there is one.
    static std::optional<BoundEvaluator> bind(const EvaluatorDefinition& definition, Entry entry,
                                              std::vector<ParameterMistake>& mistakes);

    /// Evaluates one unit's output. Never throws; an error inside becomes EvaluationStatus::error.
    [[nodiscard]] Evaluation evaluate(const DatasetItem& item, const Json& output) const;

    [[nodiscard]] const std::string& name() const;
    [[nodiscard]] const EvaluatorDefinition& definition() const;
    /// `check: true`: a false or failing score is a failed test case in JUnit.
    [[nodiscard]] bool is_check() const;
    /// The names of the scores it gives: its own, and NAME_pass when it has a threshold.
    [[nodiscard]] std::vector<std::string> score_names() const;
    /// Hash of everything that can change its scores: type, version, all keys.
    [[nodiscard]] const std::string& hash() const;
    /// The variables its templates use, for validation against the dataset.
    [[nodiscard]] const std::vector<std::string>& variables() const;

    BoundEvaluator(BoundEvaluator&&) noexcept;
    BoundEvaluator& operator=(BoundEvaluator&&) noexcept;
    ~BoundEvaluator();

  private:
    struct State;
    explicit BoundEvaluator(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// The JSON Schema of the common keys, for the published schema and for validation.
[[nodiscard]] std::string_view common_keys_schema();

}  // namespace assay
