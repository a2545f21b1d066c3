#include "core/base/error.hpp"
#include "evaluators/json_schema_validator.hpp"
#include "judges/judging/verdict.hpp"
#include "tests/fuzz/harness.hpp"

namespace assay::test {
namespace {

struct Scale {
    explicit Scale(VerdictScale made)
        : scale(std::move(made)), schema(JsonSchema::compile(scale.schema()).value()) {}
    VerdictScale scale;
    JsonSchema schema;
};

}  // namespace

void fuzz_judge_reply(std::string_view bytes) {
    static const std::array scales = {
        Scale({.type = ScoreDataType::numeric, .min = 1, .max = 5, .integer = true}),
        Scale({.type = ScoreDataType::boolean}),
        Scale({.type = ScoreDataType::categorical,
               .points = {{"good", "it is", 1}, {"bad", "it is not", 0}},
               .scores_points = true})};
    const Json text = std::string(bytes);
    const auto reply = read_reply(text);
    for (const Scale& scale : scales) {
        const auto verdict = read_verdict(reply ? *reply : text, scale.scale);
        if (!verdict) continue;
        ASSAY_ASSERT(reply && check_reply(*reply, scale.schema), "a verdict obeys its schema");
        ASSAY_ASSERT(!verdict->reasoning.empty(), "a verdict has reasons");
        (void)combine(std::array{*verdict, *verdict});
    }
}

}  // namespace assay::test
