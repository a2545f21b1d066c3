#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/random.hpp"
#include "evaluators/evaluation.hpp"

// How many evaluations a second one core makes, for each built-in evaluator: over its own examples,
// and, when it judges texts against texts, over answers of 200 bytes of which a few words differ.
//
//   evaluators_bench [EVALUATOR]

namespace assay {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds k_measured{300};
constexpr std::size_t k_answer_bytes = 200;

struct Case {
    BoundEvaluator evaluator;
    DatasetItem item;
    Json output;
};

std::optional<Case> make_case(const EvaluatorDefinition& definition, const Json& parameters,
                              Json expected, Json output) {
    std::vector<ParameterMistake> mistakes;
    auto evaluator =
        BoundEvaluator::bind(definition, {"score", parameters, Json::object()}, mistakes);
    if (!evaluator) return std::nullopt;
    Case made{.evaluator = std::move(*evaluator), .output = std::move(output)};
    made.item.expected_output = std::move(expected);
    return made;
}

std::vector<Case> examples_of(const EvaluatorDefinition& definition) {
    std::vector<Case> cases;
    const auto examples = parse_json(definition.examples);
    if (!examples) return cases;
    for (const Json& example : *examples) {
        auto made = make_case(definition, example.value("parameters", Json::object()),
                              example.value("expected", Json()), example.at("output"));
        if (made) cases.push_back(std::move(*made));
    }
    return cases;
}

/// A sentence and another of which every eighth word is a different one.
std::pair<std::string, std::string> answer_pair(Rng& rng) {
    static const std::vector<std::string> k_words = {
        "the",  "military", "always",     "obeys",  "commands,", "of",       "party",   "it",
        "is",   "a",        "guide",      "to",     "action",    "which",    "ensures", "that",
        "3.14", "running",  "relational", "troops", "hearing",   "activity", "direct.", "cat"};
    const auto word = [&rng] { return k_words[rng.next_below(k_words.size())] + ' '; };
    std::pair<std::string, std::string> pair;
    while (pair.first.size() < k_answer_bytes) {
        const std::string next = word();
        pair.first += next;
        pair.second += rng.next_below(8) == 0 ? word() : next;
    }
    return pair;
}

/// With the parameters of the first example, which may be required.
std::vector<Case> answers_for(const EvaluatorDefinition& definition) {
    const auto examples = parse_json(definition.examples);
    std::vector<Case> cases;
    if (!examples || examples->empty()) return cases;
    Rng rng(1);
    for (int i = 0; i < 64; ++i) {
        auto [output, expected] = answer_pair(rng);
        auto made = make_case(definition, examples->front().value("parameters", Json::object()),
                              std::move(expected), std::move(output));
        if (made) cases.push_back(std::move(*made));
    }
    return cases;
}

/// Evaluations a second; 0 when one of them is an error: that would be another thing to measure.
double rate_of(const std::vector<Case>& cases) {
    std::size_t done = 0;
    const auto began = Clock::now();
    while (!cases.empty() && Clock::now() - began < k_measured) {
        for (const Case& one : cases) {
            const Evaluation evaluation = one.evaluator.evaluate(one.item, one.output);
            if (evaluation.status != EvaluationStatus::scored) return 0;
            ++done;
        }
    }
    return static_cast<double>(done) / std::chrono::duration<double>(Clock::now() - began).count();
}

std::string cell(double rate) { return rate == 0 ? "-" : fmt::format("{:.0f}", rate); }

int run(std::string_view only) {
    fmt::print("{:<16}{:>16}{:>20}\n", "evaluations/s", "its examples", "200-byte answers");
    for (const EvaluatorDefinition* definition : builtin_evaluators()) {
        if (!only.empty() && definition->id != only) continue;
        fmt::print("{:<16}{:>16}{:>20}\n", definition->id, cell(rate_of(examples_of(*definition))),
                   cell(rate_of(answers_for(*definition))));
    }
    return EXIT_SUCCESS;
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) { return assay::run(argc > 1 ? argv[1] : ""); }
