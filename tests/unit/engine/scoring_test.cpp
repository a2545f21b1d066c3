#include "runner/engine/scoring.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <catch2/catch.hpp>
#include <list>
#include <map>
#include <string>

#include "core/base/wakeup.hpp"
#include "tests/support/run_task.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;
using Names = std::vector<std::string>;

constexpr std::chrono::seconds k_patience{10};

/// What the waiting evaluators of one test did, in order, and who of them waits for company.
struct Diary {
    Names asked;
    std::list<Wakeup> waiting;

    asio::awaitable<Result<void>> wait_for_company(std::size_t count, Deadline deadline) {
        Wakeup& own = waiting.emplace_back(co_await asio::this_coro::executor);
        if (waiting.size() == count) {
            for (Wakeup& each : waiting) each.notify();
        }
        const Wakeup::Cause cause = co_await own.wait(deadline);
        if (cause == Wakeup::Cause::notified) co_return Result<void>();
        co_return failure(
            cause == Wakeup::Cause::cancelled ? ErrorCode::cancelled : ErrorCode::deadline_exceeded,
            "nobody came");
    }
};
Diary diary;

/// Gives 1 under its own name, once as many as `company` of its kind are being asked.
class Waiter final : public AsyncEvaluator {
  public:
    explicit Waiter(const Json& parameters)
        : label_(parameters.value("label", "")), company_(parameters.value("company", 0U)) {}

    Task<EvaluationReply> evaluate(EvaluationRequest request, EvaluationContext context) override {
        diary.asked.push_back(label_);
        if (company_ > 0)
            ASSAY_CO_CHECK(co_await diary.wait_for_company(company_, context.deadline));
        EvaluationReply reply{.log = label_ + ";"};
        reply.scores = one_score(request.output == "bad" ? 0.0 : 1.0);
        co_return reply;
    }

  private:
    std::string label_;
    std::size_t company_;
};

Result<std::unique_ptr<AsyncEvaluator>> make_waiter(const Json& parameters,
                                                    const EvaluatorEnvironment& /*environment*/) {
    return std::make_unique<Waiter>(parameters);
}

const EvaluatorDefinition& waiter_definition() {
    static const EvaluatorDefinition k_definition{
        .id = "waiter",
        .summary = "Waits.",
        .data_type = ScoreDataType::numeric,
        .needs_expected = false,
        .parameters_schema = R"({"type": "object", "properties": {
            "label": {"type": "string"}, "company": {"type": "integer"}}})",
        .make_async = &make_waiter};
    return k_definition;
}

/// Evaluators that are scored with, on an event loop of their own.
class Stage {
  public:
    /// @param entries  as in a spec; "waiter" is the type above.
    explicit Stage(std::string_view entries) {
        const auto parsed = parse_json(entries);
        REQUIRE(parsed);
        for (const Json& entry : *parsed) bind(entry);
        std::vector<OrderMistake> mistakes;
        auto bound = EvaluationOrder::bind(evaluators_, mistakes);
        for (const OrderMistake& found : mistakes) UNSCOPED_INFO(found.mistake.message);
        REQUIRE(bound.has_value());
        order_ = std::move(*bound);
    }

    UnitResult score(Json output, std::chrono::milliseconds time = k_patience) {
        UnitResult unit;
        unit.item.expected_output = "right";
        unit.output = std::move(output);
        unit.log = "task;";
        unit.observations = {{.name = "task"}};
        score_again(unit, time);
        return unit;
    }

    void score_again(UnitResult& unit, std::chrono::milliseconds time = k_patience) {
        const bool ended = test::run_task(io, score_unit(unit, parts(test::in(time))));
        CHECK(ended);
        io.run();  // until the pool has let go of the loop
    }

    asio::awaitable<void> score_in_background(UnitResult& unit, std::optional<bool>& ended) {
        ended = co_await score_unit(unit, parts({}));
    }

    /// Timers go before the loop that they belong to.
    ~Stage() { diary = {}; }

    asio::io_context io;

  private:
    ScoringParts parts(Deadline deadline) {
        return {.evaluators = evaluators_,
                .order = order_,
                .cpu = cpu_,
                .context = {.deadline = deadline, .clock = &clock_}};
    }

    void bind(const Json& entry) {
        const std::string type = entry.at("type");
        const EvaluatorDefinition* const definition =
            type == "waiter" ? &waiter_definition() : find_evaluator(type);
        REQUIRE(definition != nullptr);
        Json keys = entry;
        keys.erase("name");
        keys.erase("type");
        std::vector<ParameterMistake> mistakes;
        auto bound =
            BoundEvaluator::bind(*definition, {entry.at("name"), keys, Json::object()}, mistakes);
        for (const ParameterMistake& mistake : mistakes) UNSCOPED_INFO(mistake.message);
        REQUIRE(bound.has_value());
        evaluators_.push_back(std::move(*bound));
    }

    std::vector<BoundEvaluator> evaluators_;
    EvaluationOrder order_;
    CpuPool cpu_;
    SystemClock clock_;
};

/// "scored", "error: why" or "skipped: why" by evaluator.
std::map<std::string, std::string> said(const UnitResult& unit) {
    std::map<std::string, std::string> texts;
    for (const Evaluation& evaluation : unit.evaluations) {
        std::string text = to_string(evaluation.status);
        if (!evaluation.message.empty()) text += ": " + evaluation.message;
        texts[evaluation.evaluator] = text;
    }
    return texts;
}

Names observed(const UnitResult& unit) {
    Names names;
    for (const Observation& observation : unit.observations) names.push_back(observation.name);
    return names;
}

TEST_CASE("scoring: evaluations and observations keep the order of the spec", "[engine]") {
    Stage stage(R"([
        {"name": "late", "type": "waiter", "label": "late", "needs": ["match"]},
        {"name": "match", "type": "exact_match"},
        {"name": "early", "type": "waiter", "label": "early"},
        {"name": "size", "type": "length", "when": "early = 1"}
    ])");
    const UnitResult unit = stage.score("right");
    Names names;
    for (const Evaluation& evaluation : unit.evaluations) names.push_back(evaluation.evaluator);
    CHECK(names == Names{"late", "match", "early", "size"});
    CHECK(observed(unit) ==
          Names{"task", "evaluator:late", "evaluator:match", "evaluator:early", "evaluator:size"});
    CHECK(unit.status == UnitStatus::scored);
    CHECK(unit.log == "task;late;early;");
    CHECK(unit.observations[2].output == Json{{"match", true}});
}

TEST_CASE("scoring: what waits is asked only when the cheap check passed", "[engine]") {
    Stage stage(R"([
        {"name": "match", "type": "exact_match"},
        {"name": "judge", "type": "waiter", "label": "judge", "when": "match = 1"},
        {"name": "after", "type": "waiter", "label": "after", "needs": ["judge"]}
    ])");
    const UnitResult wrong = stage.score("wrong");
    CHECK(diary.asked.empty());
    CHECK(said(wrong) == std::map<std::string, std::string>{
                             {"match", "scored"},
                             {"judge", "skipped: its condition is false: match = 1"},
                             {"after", R"(skipped: it needs "judge", which was skipped)"}});
    CHECK(observed(wrong) == Names{"task", "evaluator:match"});
    CHECK(wrong.status == UnitStatus::scored);

    CHECK(said(stage.score("right")).at("after") == "scored");
    CHECK(diary.asked == Names{"judge", "after"});
}

TEST_CASE("scoring: after an evaluator that broke there is no score and no error of its own",
          "[engine]") {
    Stage stage(R"([
        {"name": "broken", "type": "numeric_match"},
        {"name": "judge", "type": "waiter", "needs": ["broken"], "when": "not broken = 1"}
    ])");
    const UnitResult unit = stage.score("7");
    CHECK(unit.evaluations[0].status == EvaluationStatus::error);
    CHECK(said(unit).at("judge") == R"(skipped: it needs "broken", which broke)");
    CHECK(unit.evaluations[1].scores.empty());
    CHECK(unit.status == UnitStatus::unscored);
    CHECK(diary.asked.empty());
}

TEST_CASE("scoring: those that wait and are ready are asked beside each other", "[engine]") {
    Stage stage(R"([
        {"name": "a", "type": "waiter", "company": 3},
        {"name": "b", "type": "waiter", "company": 3},
        {"name": "match", "type": "exact_match"},
        {"name": "c", "type": "waiter", "company": 3, "needs": ["match"]}
    ])");
    // One by one they would wait for each other until the deadline.
    const UnitResult unit = stage.score("x");
    for (const auto& [name, text] : said(unit)) CHECK(text == "scored");
}

TEST_CASE("scoring: one that hangs ends at the deadline and the others count", "[engine]") {
    Stage stage(R"([
        {"name": "hangs", "type": "waiter", "company": 2},
        {"name": "match", "type": "exact_match"},
        {"name": "after", "type": "exact_match", "needs": ["hangs"]}
    ])");
    const UnitResult unit = stage.score("right", std::chrono::milliseconds(20));
    CHECK(said(unit) == std::map<std::string, std::string>{
                            {"hangs", "error: nobody came"},
                            {"match", "scored"},
                            {"after", R"(skipped: it needs "hangs", which broke)"}});
    CHECK(unit.status == UnitStatus::unscored);
    CHECK(unit.observations[1].level == ObservationLevel::error);
}

TEST_CASE("scoring: cancelled in the middle it joins everything and gives no state", "[engine]") {
    Stage stage(R"([
        {"name": "a", "type": "waiter", "label": "a", "company": 3},
        {"name": "b", "type": "waiter", "label": "b", "company": 3},
        {"name": "after", "type": "waiter", "label": "after", "needs": ["a"]}
    ])");
    UnitResult unit;
    unit.output = "x";
    std::optional<bool> ended;
    asio::cancellation_signal cancellation;
    asio::co_spawn(
        stage.io, stage.score_in_background(unit, ended),
        asio::bind_cancellation_slot(cancellation.slot(),
                                     [](std::exception_ptr failure) { CHECK_FALSE(failure); }));
    while (diary.waiting.size() < 2) stage.io.run_one();
    cancellation.emit(asio::cancellation_type::terminal);
    stage.io.run();
    REQUIRE(ended.has_value());
    CHECK_FALSE(*ended);
    CHECK(diary.asked == Names{"a", "b"});
    CHECK(unit.evaluations.empty());
}

TEST_CASE("scoring: what the unit has already is kept and skips are decided again", "[engine]") {
    Stage stage(R"([
        {"name": "match", "type": "exact_match"},
        {"name": "judge", "type": "waiter", "label": "judge", "when": "match = 1"},
        {"name": "kept", "type": "waiter", "label": "kept"}
    ])");
    UnitResult unit;
    unit.item.expected_output = "right";
    unit.output = "right";
    unit.evaluations = {{.evaluator = "judge", .status = EvaluationStatus::skipped},
                        {.evaluator = "kept", .scores = {{.name = "kept", .value = 0.25}}}};
    stage.score_again(unit);
    CHECK(said(unit).at("judge") == "scored");
    CHECK(unit.evaluations[2].scores.at(0).value == ScoreValue(0.25));
    CHECK(diary.asked == Names{"judge"});
    CHECK(observed(unit) == Names{"evaluator:match", "evaluator:judge"});
}

TEST_CASE("scoring: without evaluators a unit is scored", "[engine]") {
    Stage stage("[]");
    const UnitResult unit = stage.score("x");
    CHECK(unit.status == UnitStatus::scored);
    CHECK(unit.evaluations.empty());
}

}  // namespace
}  // namespace assay
