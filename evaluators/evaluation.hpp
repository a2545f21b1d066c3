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
///
/// What an evaluation does, in this order:
/// 1. Text parameters that hold `{{…}}` are rendered with the unit's values; the evaluator that
///    they make is kept for units that render to the same texts.
/// 2. The expected value is `value` (a text may hold `{{…}}`) or the item's expected_output, cut
///    by `expected_extract`. When it cannot be read, that is an error.
/// 3. What is judged is the output, the part of it that `on` selects (a text is read as JSON for
///    that), the input or the output of a step, cut by `extract`. When there is no such part, that
///    is a wrong answer: false or 0 with the reason as comment, also under `not`.
/// 4. Both expressions mean the first group of their last match: a model reasons first and answers
///    last. `strip` takes white space off both sides.
/// 5. Of an evaluator that asks a model, `mapping` gives names to parts of the unit: JSONPaths into
///    {"input", "output", "expected_output", "metadata", "steps"}. A text that a path leads into is
///    read as JSON. A path that selects nothing is an error.
/// 6. `not` turns a BOOLEAN result round. `threshold` adds to a NUMERIC score NAME the BOOLEAN
///    NAME_pass: value ≥ threshold.
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
    /// A key may stand in either part of the entry: the definition's schema and
    /// common_keys_schema() decide whose it is. All mistakes are appended; nothing is returned when
    /// there is one.
    static std::optional<BoundEvaluator> bind(const EvaluatorDefinition& definition, Entry entry,
                                              std::vector<ParameterMistake>& mistakes,
                                              const EvaluatorEnvironment& environment = {});

    /// Evaluates an output. Never throws; an error inside becomes EvaluationStatus::error. Safe to
    /// call from several threads.
    /// @param unit  the unit that gave it, for evaluators of latency, cost and tokens.
    [[nodiscard]] Evaluation evaluate(const DatasetItem& item, const Json& output,
                                      const UnitResult* unit = nullptr) const;
    [[nodiscard]] Evaluation evaluate(const UnitResult& unit) const {
        return evaluate(unit.item, unit.output, &unit);
    }

    /// Whether it waits for something else to judge. Then it is asked in two steps, the same common
    /// keys around both: prepare() wherever there is a thread, evaluate_async() on the I/O thread.
    [[nodiscard]] bool waits() const;
    struct Prepared {
        std::optional<EvaluationRequest> request;  ///< nothing: the evaluation is made already
        Evaluation evaluation;
    };
    [[nodiscard]] Prepared prepare(const UnitResult& unit) const;
    struct Awaited {
        Evaluation evaluation;
        std::string log;
        bool cancelled = false;
    };
    [[nodiscard]] boost::asio::awaitable<Awaited> evaluate_async(EvaluationRequest request,
                                                                 EvaluationContext context) const;
    /// Ends what a waiting evaluator holds: call it when the last evaluation is over.
    void close() const;
    /// What waits; nullptr when nothing does.
    [[nodiscard]] AsyncEvaluator* waiting() const;

    [[nodiscard]] const std::string& name() const;
    [[nodiscard]] const EvaluatorDefinition& definition() const;
    /// `check: true`: a false or failing score is a failed test case in JUnit.
    [[nodiscard]] bool is_check() const;
    /// The names of the scores it gives: its own or those that it declares, and NAME_pass when it
    /// has a threshold.
    [[nodiscard]] std::vector<std::string> score_names() const;
    /// The type of one of those scores, when it is known before the run.
    [[nodiscard]] std::optional<ScoreDataType> data_type(std::string_view score_name) const;
    /// Hash of everything that can change its scores: name, type, version and every key but
    /// `check`, which only reports read.
    [[nodiscard]] const std::string& hash() const;
    /// The names of the evaluators that come first, and the condition under which it runs ("" =
    /// always), as written: evaluators/evaluation_order.hpp resolves them.
    [[nodiscard]] const std::vector<std::string>& needs() const;
    [[nodiscard]] const std::string& when() const;
    /// Makes the hash cover the hashes of the evaluators that it needs.
    void cover(const std::vector<std::string>& needed_hashes);
    /// The variables its templates use, for validation against the dataset.
    [[nodiscard]] const std::vector<std::string>& variables() const;
    /// Of one that waits: which of its variables and mapped names cannot have a value for this
    /// item, whatever its output will be. "" = none, else the message.
    [[nodiscard]] std::string check_item(const DatasetItem& item) const;

    BoundEvaluator(BoundEvaluator&&) noexcept;
    BoundEvaluator& operator=(BoundEvaluator&&) noexcept;
    ~BoundEvaluator();

    struct State;  ///< evaluators/evaluation_state.hpp

  private:
    explicit BoundEvaluator(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// The JSON Schema of the common keys, for the published schema and for validation.
[[nodiscard]] std::string_view common_keys_schema();

}  // namespace assay
