#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "core/base/text.hpp"
#include "judges/builtin.hpp"
#include "judges/judging/judge_model.hpp"

namespace assay {
namespace {

using Vector = std::vector<double>;

struct Embeddings {
    Vector output;
    Vector expected;
};

std::unexpected<Error> unusable(std::string what) {
    return failure(ErrorCode::invalid_argument, std::move(what));
}

Result<Vector> vector_of(const Json& numbers) {
    if (!numbers.is_array() || numbers.empty()) {
        return unusable("the model's reply holds something that is no embedding");
    }
    Vector vector;
    for (const Json& number : numbers) {
        if (!number.is_number()) return unusable("an embedding holds something that is no number");
        vector.push_back(number.get<double>());
    }
    return vector;
}

Result<Embeddings> embeddings_of(const Json& reply) {
    if (!reply.is_array() || reply.size() != 2) {
        return unusable("the model did not give one embedding for each of the two texts");
    }
    Embeddings both;
    ASSAY_TRY(both.output, vector_of(reply[0]));
    ASSAY_TRY(both.expected, vector_of(reply[1]));
    if (both.output.size() == both.expected.size()) return both;
    return unusable(fmt::format("the embeddings have different lengths, {} and {}",
                                both.output.size(), both.expected.size()));
}

double dot(const Vector& a, const Vector& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

double distance(const Vector& a, const Vector& b) {
    double squares = 0;
    for (std::size_t i = 0; i < a.size(); ++i) squares += (a[i] - b[i]) * (a[i] - b[i]);
    return std::sqrt(squares);
}

/// More is more similar, whatever the measure.
Result<double> similarity(const Embeddings& both, std::string_view measure) {
    const double lengths =
        std::sqrt(dot(both.output, both.output)) * std::sqrt(dot(both.expected, both.expected));
    if (lengths == 0) return unusable("an embedding is zero, which is like nothing");
    double value = dot(both.output, both.expected);
    if (measure == "cosine") value /= lengths;
    if (measure == "euclidean") value = 1 / (1 + distance(both.output, both.expected));
    if (!std::isfinite(value)) return unusable("the embeddings are too large to be compared");
    // Rounding carries the cosine of equal vectors a little beyond 1.
    return measure == "cosine" ? std::clamp(value, -1.0, 1.0) : value;
}

class Similar final : public AsyncEvaluator {
  public:
    Similar(JudgeModel model, std::string measure)
        : model_(std::move(model)), measure_(std::move(measure)) {}

    Task<EvaluationReply> evaluate(EvaluationRequest request, EvaluationContext context) override;
    std::vector<std::string> models() const override { return {model_.name}; }
    std::map<std::string, QuestionCount> questions() const override {
        return {{model_.name, {.each_evaluation = 1}}};
    }
    /// An embedding takes no side.
    std::optional<bool> allows_self_judging() const override { return true; }

  private:
    [[nodiscard]] Task<ProviderReply> embed(std::vector<std::string> texts,
                                            EvaluationContext context, JudgeRecord& record) const;

    JudgeModel model_;
    std::string measure_;
};

Task<ProviderReply> Similar::embed(std::vector<std::string> texts, EvaluationContext context,
                                   JudgeRecord& record) const {
    for (const std::string& text : texts) {
        if (trim(text).empty()) co_return unusable("an empty text has no embedding");
    }
    ProviderRequest request{
        .model = model_.target.model, .parameters = model_.parameters, .texts = std::move(texts)};
    co_return co_await call_recorded(model_.target, std::move(request), "similar", context, record);
}

Task<EvaluationReply> Similar::evaluate(EvaluationRequest request, EvaluationContext context) {
    JudgeRecord record = start_judge_record(context);
    std::vector<std::string> texts = {as_text(request.output), as_text(request.expected_output)};
    const auto reply = co_await embed(std::move(texts), context, record);
    if (!reply) co_return without_scores(reply.error(), std::move(record));
    const auto both = embeddings_of(reply->output);
    const auto value = both ? similarity(*both, measure_) : std::unexpected(both.error());
    // Thousands of numbers tell people nothing.
    if (both) {
        record.observations.back().output = {{"embeddings", 2},
                                             {"dimensions", both->output.size()}};
    }
    if (!value) co_return without_scores(value.error(), std::move(record));
    EvaluationReply scored{.scores = {{.value = *value}}};
    scored.judge = std::move(record);
    co_return scored;
}

Result<std::unique_ptr<AsyncEvaluator>> make_similar(const Json& parameters,
                                                     const EvaluatorEnvironment& environment) {
    // No temperature is sent: an embedding is no draw.
    Json of_model = parameters;
    of_model["temperature"] = nullptr;
    ASSAY_TRY(JudgeModel model, read_judge_model(of_model, environment));
    if (!model.target.embeds) {
        return unusable(
            fmt::format("\"provider\": {} gives no embeddings (`assay providers` tells "
                        "which do)",
                        model.name));
    }
    return std::make_unique<Similar>(std::move(model), parameters.value("measure", "cosine"));
}

}  // namespace

const EvaluatorDefinition similar_definition{
    .id = "similar",
    .version = 1,
    .summary = "How close the embeddings of output and expected_output are: 1 is the same meaning.",
    .data_type = ScoreDataType::numeric,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "provider": {"type": "string",
                         "description": "who embeds, as openai:text-embedding-3-small"},
            "measure": {"enum": ["cosine", "dot", "euclidean"], "default": "cosine",
                        "description": "euclidean: 1 / (1 + d), so that more is closer"},
            "parameters": {"type": "object", "description": "of the model, e.g. dimensions"},
            "timeout": {"type": ["string", "number"], "description": "of one attempt; default 60s"}
        },
        "required": ["provider"],
        "additionalProperties": false
    })",
    .examples = "[]",
    .make_async = &make_similar};

}  // namespace assay
