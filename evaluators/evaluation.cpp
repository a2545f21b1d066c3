#include "evaluators/evaluation.hpp"

#include <fmt/format.h>

#include <cmath>
#include <exception>
#include <utility>

#include "core/base/text.hpp"
#include "evaluators/comment.hpp"
#include "evaluators/evaluation_state.hpp"

namespace assay {
namespace {

using Scores = std::vector<Score>;

/// A value that is looked at where it is, and held only when it had to be made. `missing` says why
/// there is none.
struct Part {
    const Json* value = nullptr;
    std::string missing;
    Json parsed;
    Json held;

    void hold(std::string text) {
        held = std::move(text);
        value = &held;
    }
};

const Json* unless_null(const Json& value) { return value.is_null() ? nullptr : &value; }

/// Follows the path of `on`; a text is read as JSON for it.
Result<void> follow(const JsonPath& path, const Json& output, Part& part) {
    const Json* root = &output;
    if (output.is_string()) {
        auto parsed = parse_json(output.get_ref<const std::string&>());
        if (!parsed) {
            part.missing = fmt::format("the output is not JSON: {}", parsed.error().message);
            return {};
        }
        part.parsed = std::move(*parsed);
        root = &part.parsed;
    }
    ASSAY_TRY(part.value, path.value(*root, part.held));
    if (part.value == nullptr) {
        part.missing = fmt::format("{} selects nothing in the output", path.text());
    }
    return {};
}

Result<void> cut_out(const Regex& expression, std::string_view what, Part& part) {
    std::string scratch;
    const std::string_view text = as_text(*part.value, scratch);
    ASSAY_TRY(const std::optional<std::string_view> found, expression.extract_last(text));
    if (found) {
        part.hold(std::string(*found));
        return {};
    }
    part.missing = fmt::format("{} does not match {}: {}", what,
                               quoted_excerpt(expression.pattern()), quoted_excerpt(text));
    return {};
}

void turn_round(Score& score) {
    bool* const value = std::get_if<bool>(&score.value);
    if (value == nullptr) return;
    *value = !*value;
    if (!*value && score.comment.empty()) score.comment = "it is so, and `not` is set";
}

void strip_text(Part& part) {
    if (!part.value->is_string()) return;
    const std::string_view text = part.value->get_ref<const std::string&>();
    const std::string_view stripped = trim(text);
    if (stripped.size() < text.size()) part.hold(std::string(stripped));
}

}  // namespace

Result<EvaluatorInstance> make_instance(const EvaluatorDefinition& definition,
                                        const EvaluatorTexts& texts) {
    EvaluatorInstance instance;
    ASSAY_TRY(instance.evaluator, definition.make(texts.parameters));
    if (texts.extract) {
        ASSAY_TRY(instance.extract, Regex::compile(*texts.extract));
    }
    if (texts.expected_extract) {
        ASSAY_TRY(instance.expected_extract, Regex::compile(*texts.expected_extract));
    }
    return instance;
}

namespace {

/// One evaluation of one output.
class Evaluating {
  public:
    Evaluating(const BoundEvaluator::State& state, const DatasetItem& item, const Json& output,
               const UnitResult* unit)
        : state_(state),
          item_(item),
          output_(output),
          unit_(unit),
          scope_{.input = unless_null(item.input),
                 .expected_output = unless_null(item.expected_output),
                 .metadata = unless_null(item.metadata),
                 .output = unless_null(output)} {}

    Result<Scores> scores() {
        ASSAY_CHECK(choose_instance());
        Part expected;
        if (state_.needs_expected) ASSAY_CHECK(read_expected(expected));
        Part judged;
        ASSAY_CHECK(read_judged(judged));
        if (!judged.missing.empty()) return wrong_answer(std::move(judged.missing), expected);

        const Evaluator& evaluator = *instance_->evaluator;
        ASSAY_TRY(Scores scores, evaluator.evaluate({.output = *judged.value,
                                                     .expected = expected.value,
                                                     .input = item_.input,
                                                     .metadata = item_.metadata,
                                                     .unit = unit_}));
        const bool invert = state_.invert && evaluator.can_read(*judged.value);
        return finish(std::move(scores), invert);
    }

  private:
    Result<void> choose_instance() {
        if (state_.fixed) {
            instance_ = &*state_.fixed;
            return {};
        }
        EvaluatorTexts texts = state_.texts;
        std::string name;  // the lengths keep "a", "bc" and "ab", "c" apart
        for (const RenderedText& rendered : state_.rendered) {
            ASSAY_TRY(std::string text, rendered.text.render(scope_));
            name += fmt::format("{}:{}", text.size(), text);
            if (rendered.expression != nullptr) {
                texts.*rendered.expression = std::move(text);
            } else {
                texts.parameters[rendered.parameter] = std::move(text);
            }
        }
        auto known = state_.instances.find(name);
        if (!known) {
            ASSAY_TRY(EvaluatorInstance made, make_instance(*state_.definition, texts));
            known = std::make_shared<const EvaluatorInstance>(std::move(made));
            state_.instances.insert(name, *known);
        }
        shared_instance_ = std::move(*known);
        instance_ = shared_instance_.get();
        return {};
    }

    /// An expected value that cannot be read is an error, unlike an output.
    Result<void> read_expected(Part& part) const {
        if (state_.value_template) {
            ASSAY_TRY(std::string text, state_.value_template->render(scope_));
            part.hold(std::move(text));
        } else {
            part.value = state_.value ? &*state_.value : scope_.expected_output;
        }
        if (part.value == nullptr) {
            return failure(ErrorCode::invalid_argument,
                           "there is nothing to compare with: the item has no expected_output and "
                           "the evaluator no `value`");
        }
        if (instance_->expected_extract) {
            ASSAY_CHECK(cut_out(*instance_->expected_extract, "the expected value", part));
            if (!part.missing.empty()) return failure(ErrorCode::invalid_argument, part.missing);
        }
        if (state_.strip) strip_text(part);
        return {};
    }

    Result<void> read_judged(Part& part) const {
        part.value = state_.on_input ? &item_.input : &output_;
        if (state_.path) ASSAY_CHECK(follow(*state_.path, output_, part));
        if (part.missing.empty() && instance_->extract) {
            ASSAY_CHECK(
                cut_out(*instance_->extract, state_.on_input ? "the input" : "the output", part));
        }
        if (part.missing.empty() && state_.strip) strip_text(part);
        return {};
    }

    [[nodiscard]] Result<Scores> wrong_answer(std::string why, const Part& expected) const {
        if (expected.value != nullptr) {
            ASSAY_CHECK(instance_->evaluator->check_expected(*expected.value));
        }
        switch (state_.data_type) {
            case ScoreDataType::boolean: return finish(one_score(false, std::move(why)), false);
            case ScoreDataType::numeric: break;
            case ScoreDataType::categorical:
                return failure(ErrorCode::invalid_argument,
                               why + "; a category has no value for a wrong answer");
        }
        Scores scores = one_score(0.0, why);
        scores.front().name = state_.name;
        if (state_.threshold) {
            scores.push_back({.name = state_.name + "_pass", .value = false, .comment = why});
        }
        return scores;
    }

    /// Names, `not` and `threshold`.
    [[nodiscard]] Result<Scores> finish(Scores scores, bool invert) const {
        const std::size_t given = scores.size();
        for (std::size_t i = 0; i < given; ++i) {
            if (scores[i].name.empty()) scores[i].name = state_.name;
            if (invert) turn_round(scores[i]);
            const double* const number = std::get_if<double>(&scores[i].value);
            if (number == nullptr) continue;
            if (!std::isfinite(*number)) {
                return failure(ErrorCode::internal,
                               fmt::format("the score \"{}\" is {}, which is no value of a score",
                                           scores[i].name, *number));
            }
            if (state_.threshold) scores.push_back(passed(scores[i].name, *number));
        }
        return scores;
    }

    [[nodiscard]] Score passed(const std::string& name, double number) const {
        const bool pass = number >= *state_.threshold;
        return {.name = name + "_pass",
                .value = pass,
                .comment = pass ? std::string()
                                : fmt::format("{} is below {}", number, *state_.threshold)};
    }

    const BoundEvaluator::State& state_;
    const DatasetItem& item_;
    const Json& output_;
    const UnitResult* unit_;
    TemplateScope scope_;
    const EvaluatorInstance* instance_ = nullptr;
    BoundEvaluator::State::Shared shared_instance_;
};

}  // namespace

Evaluation BoundEvaluator::evaluate(const DatasetItem& item, const Json& output,
                                    const UnitResult* unit) const {
    Evaluation evaluation{.evaluator = state_->name};
    const auto fail = [&evaluation](std::string message) {
        evaluation.status = EvaluationStatus::error;
        evaluation.message = std::move(message);
    };
    // An evaluator that breaks costs one evaluation and not the run (SPEC 1.7).
    try {
        auto scores = Evaluating(*state_, item, output, unit).scores();
        if (scores) {
            evaluation.scores = std::move(*scores);
        } else {
            fail(std::move(scores.error().message));
        }
    } catch (const std::exception& error) {
        fail(fmt::format("the evaluator broke: {}", error.what()));
    }
    return evaluation;
}

const std::string& BoundEvaluator::name() const { return state_->name; }
const EvaluatorDefinition& BoundEvaluator::definition() const { return *state_->definition; }
bool BoundEvaluator::is_check() const { return state_->is_check; }
const std::string& BoundEvaluator::hash() const { return state_->hash; }
const std::vector<std::string>& BoundEvaluator::variables() const { return state_->variables; }

std::vector<std::string> BoundEvaluator::score_names() const {
    if (!state_->threshold) return {state_->name};
    return {state_->name, state_->name + "_pass"};
}

std::optional<ScoreDataType> BoundEvaluator::data_type(std::string_view score_name) const {
    if (score_name == state_->name) return state_->data_type;
    if (state_->threshold && score_name == state_->name + "_pass") return ScoreDataType::boolean;
    return std::nullopt;
}

BoundEvaluator::BoundEvaluator(std::unique_ptr<State> state) : state_(std::move(state)) {}
BoundEvaluator::BoundEvaluator(BoundEvaluator&&) noexcept = default;
BoundEvaluator& BoundEvaluator::operator=(BoundEvaluator&&) noexcept = default;
BoundEvaluator::~BoundEvaluator() = default;

}  // namespace assay
