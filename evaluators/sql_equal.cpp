#include <fmt/format.h>

#include <algorithm>

#include "evaluators/builtin.hpp"
#include "evaluators/comment.hpp"
#include "evaluators/sql_tokens.hpp"

namespace assay {
namespace {

using Tokens = std::vector<std::string>;

std::string excerpt(Tokens::const_iterator token, const Tokens& tokens) {
    return token == tokens.end() ? std::string("the end") : quoted_excerpt(*token);
}

std::string first_difference(const Tokens& output, const Tokens& expected) {
    const auto [got, wanted] = std::ranges::mismatch(output, expected);
    return fmt::format("differs from token {} on: expected {}, got {}", got - output.begin() + 1,
                       excerpt(wanted, expected), excerpt(got, output));
}

Result<Tokens> read_sql(const Json& value) {
    std::string scratch;
    ASSAY_TRY(Tokens tokens, sql_tokens(as_text(value, scratch)));
    if (!tokens.empty()) return tokens;
    return failure(ErrorCode::invalid_argument, "there is no statement");
}

class SqlEqual final : public Evaluator {
  public:
    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        ASSAY_TRY(const Tokens expected, read_expected(*input.expected));
        const auto output = read_sql(input.output);
        if (!output && output.error().code == ErrorCode::resource_exhausted) {
            return std::unexpected(output.error());
        }
        if (!output) {
            return one_score(false, "the output is not SQL: " + output.error().message);
        }
        if (*output == expected) return one_score(true);
        return one_score(false, first_difference(*output, expected));
    }

    bool can_read(const Json& output) const override { return read_sql(output).has_value(); }

    Result<void> check_expected(const Json& expected) const override {
        ASSAY_CHECK(read_expected(expected));
        return {};
    }

  private:
    static Result<Tokens> read_expected(const Json& expected) {
        auto tokens = read_sql(expected);
        if (tokens) return std::move(*tokens);
        return failure(ErrorCode::invalid_argument,
                       "the expected value is not SQL: " + tokens.error().message);
    }
};

Result<std::unique_ptr<Evaluator>> make_sql_equal(const Json& /*parameters*/) {
    return std::make_unique<SqlEqual>();
}

}  // namespace

/// What counts as the same stands in sql_tokens.hpp.
const EvaluatorDefinition sql_equal_definition{
    .id = "sql_equal",
    .version = 1,
    .summary =
        "True when the output is the same SQL text as expected, whatever its white space, "
        "comments, letter case and needless quotes. It compares text: two queries that mean the "
        "same but are written differently are not equal.",
    .data_type = ScoreDataType::boolean,
    .needs_expected = true,
    .parameters_schema = R"({"type": "object", "properties": {}, "additionalProperties": false})",
    .examples = R"([
        {"output": "select name\nfrom users -- all\nwhere id != 007;",
         "expected": "SELECT \"name\" FROM users WHERE id <> 7", "score": true},
        {"output": "SELECT a FROM t", "expected": "SELECT b FROM t", "score": false,
         "comment": "differs from token 2 on: expected \"b\", got \"a\""},
        {"output": "SELECT * FROM t WHERE name = 'ANN'",
         "expected": "SELECT * FROM t WHERE name = 'ann'", "score": false},
        {"output": "SELECT 'a", "expected": "SELECT 'a'", "score": false,
         "comment": "the output is not SQL: the text ' is not closed"},
        {"output": "SELECT a FROM t WHERE x IN (1, 2) AND y",
         "expected": "SELECT a FROM t WHERE x IN (2, 1) AND y", "score": false}
    ])",
    .make = &make_sql_equal};

}  // namespace assay
