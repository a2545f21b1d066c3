#include "runner/engine/other_outputs.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "tests/support/run_task.hpp"
#include "tests/unit/engine/engine_support.hpp"

namespace assay::test {
namespace {

namespace asio = boost::asio;
using Stay = UnitRendezvous::Stay;

constexpr std::chrono::seconds k_patience{10};

/// Outputs of an execution before: of variant "a" those that are set.
class Before final : public StoredOutputs {
  public:
    Result<std::optional<Json>> output_of(const DatasetRunId& dataset_run, std::uint64_t position,
                                          int repetition) override {
        const auto found = outputs.find({position, repetition});
        if (dataset_run.value() != "run-a" || found == outputs.end()) return std::nullopt;
        return found->second;
    }
    Result<Json> output_of_run(const std::string& run, const std::string& item_id,
                               int /*repetition*/) override {
        if (run == "main") return Json("main said " + item_id);
        return failure(ErrorCode::not_found, "the run has no output for this item");
    }

    std::map<std::pair<std::uint64_t, int>, Json> outputs;
};

RunRecord run_of_two() {
    RunRecord run;
    run.variants = {{.name = "a", .dataset_run_id = DatasetRunId("run-a")},
                    {.name = "b", .dataset_run_id = DatasetRunId("run-b")}};
    return run;
}

/// A rendezvous of the variants "a" and "b" at which "a" is compared with, and one who asks.
struct Meeting {
    void ask(std::uint64_t position, std::chrono::milliseconds patience = k_patience) {
        answer.reset();
        asio::co_spawn(io,
                       store_result(rendezvous.of_variant("a", position, 0, in(patience)), answer),
                       [](std::exception_ptr failure) { CHECK_FALSE(failure); });
        io.restart();
        io.poll();
    }
    void go_on() {
        io.restart();
        io.poll();
    }
    [[nodiscard]] ErrorCode code() const {
        REQUIRE(answer.has_value());
        REQUIRE_FALSE(answer->has_value());
        return answer->error().code;
    }

    asio::io_context io;
    RunRecord run = run_of_two();
    Before before;
    int waiting = 0;
    UnitRendezvous rendezvous{{"a"},
                              {.run = &run, .stored = &before, .on_wait = [this](bool waits) {
                                   waiting += waits ? 1 : -1;
                               }}};
    std::optional<Result<Json>> answer;
};

/// Whether the output is the same as that of the variant under "with".
class Comparer final : public AsyncEvaluator {
  public:
    explicit Comparer(const Json& parameters) : with_(parameters.at("with")) {}
    Task<EvaluationReply> evaluate(EvaluationRequest request, EvaluationContext context) override {
        EvaluationReply reply;
        ASSAY_CO_TRY(const Json other,
                     co_await context.others->of_variant(with_, request.position,
                                                         request.repetition, context.deadline));
        reply.scores = {{.name = "", .value = other == request.output}};
        co_return reply;
    }
    std::vector<std::string> compares_with() const override { return {with_}; }

  private:
    std::string with_;
};

Result<std::unique_ptr<AsyncEvaluator>> make_comparer(const Json& parameters,
                                                      const EvaluatorEnvironment& /*environment*/) {
    return std::make_unique<Comparer>(parameters);
}

const EvaluatorDefinition& comparer_definition() {
    static const EvaluatorDefinition k_definition{
        .id = "comparer",
        .summary = "Compares.",
        .data_type = ScoreDataType::boolean,
        .needs_expected = false,
        .parameters_schema = R"({"type": "object", "properties": {"with": {"type": "string"}}})",
        .make_async = &make_comparer};
    return k_definition;
}

/// Makes the experiment compare with these variants, by evaluators named after them.
void compare_with(Experiment& experiment, const std::vector<std::string>& variants) {
    experiment.evaluators.clear();
    for (const std::string& variant : variants) {
        std::vector<ParameterMistake> mistakes;
        auto bound = BoundEvaluator::bind(comparer_definition(),
                                          {variant, Json{{"with", variant}}, {}}, mistakes);
        REQUIRE(bound.has_value());
        experiment.evaluators.push_back(std::move(*bound));
    }
    std::vector<OrderMistake> mistakes;
    experiment.order = *EvaluationOrder::bind(experiment.evaluators, mistakes);
}

std::string spec_of(int concurrency) {
    return R"(
experiment: compared
dataset: rows.jsonl
task: {recorded: $.first}
variants: [{name: first}, {name: second, recorded: $.second}, {name: third, recorded: $.third}]
repetitions: 2
evaluators: [exact_match]
execution: {concurrency: )" +
           std::to_string(concurrency) + "}\n";
}

/// 30 rows; "second" says the same as "third" in even ones, and nothing in the last.
std::string rows() {
    std::string text;
    for (int i = 0; i < 30; ++i) {
        Json row = {{"input", i}, {"first", "1"}, {"second", i % 2 == 0 ? "3" : "2"}};
        row["third"] = "3";
        row["expected_output"] = "1";
        if (i == 29) row.erase("second");
        text += to_text(row) + "\n";
    }
    return text;
}

}  // namespace

TEST_CASE("other outputs: who asks first waits until the other task has ended", "[engine]") {
    Meeting meeting;
    const Stay asker(meeting.rendezvous, "b", 0, 0);
    Stay other(meeting.rendezvous, "a", 0, 0);
    meeting.ask(0);
    CHECK_FALSE(meeting.answer.has_value());
    CHECK(meeting.waiting == 1);
    other.publish("said");
    meeting.go_on();
    REQUIRE(meeting.answer.has_value());
    CHECK(meeting.answer->value() == "said");
    CHECK(meeting.waiting == 0);
    meeting.ask(0);  // it does not go with the first who takes it
    CHECK(meeting.answer->value() == "said");
}

TEST_CASE("other outputs: no output and a unit that is given up are told apart", "[engine]") {
    Meeting meeting;
    const Stay asker(meeting.rendezvous, "b", 0, 0);
    {
        Stay other(meeting.rendezvous, "a", 0, 0);
        meeting.ask(0);
        SECTION("no output") {
            other.publish(nullptr);
            meeting.go_on();
            CHECK(meeting.code() == ErrorCode::not_found);
        }
    }
    SECTION("given up") {
        meeting.go_on();
        CHECK(meeting.code() == ErrorCode::cancelled);
    }
}

TEST_CASE("other outputs: the deadline ends the wait", "[engine]") {
    Meeting meeting;
    const Stay asker(meeting.rendezvous, "b", 0, 0);
    const Stay other(meeting.rendezvous, "a", 0, 0);
    meeting.ask(0, std::chrono::milliseconds(1));
    meeting.io.restart();
    meeting.io.run();
    CHECK(meeting.code() == ErrorCode::deadline_exceeded);
}

TEST_CASE("other outputs: one that was stored before is read and not waited for", "[engine]") {
    Meeting meeting;
    meeting.before.outputs = {{{0, 0}, "of old"}, {{1, 0}, nullptr}};
    const Stay asker(meeting.rendezvous, "b", 0, 0);
    meeting.ask(0);
    CHECK(meeting.answer->value() == "of old");
    const Stay next(meeting.rendezvous, "b", 1, 0);
    meeting.ask(1);
    CHECK(meeting.code() == ErrorCode::not_found);
}

TEST_CASE("other outputs: nobody waits for a unit that will not begin", "[engine]") {
    Meeting meeting;
    const Stay asker(meeting.rendezvous, "b", 0, 0);
    meeting.ask(0);
    CHECK_FALSE(meeting.answer.has_value());
    SECTION("since the run ends") {
        meeting.rendezvous.close();
        meeting.go_on();
        CHECK(meeting.code() == ErrorCode::cancelled);
    }
    SECTION("since later items have begun") {
        const Stay later(meeting.rendezvous, "a", 1, 0);
        meeting.go_on();
        CHECK(meeting.code() == ErrorCode::not_found);
    }
}

TEST_CASE("other outputs: what is kept goes with the last unit of its item", "[engine]") {
    Meeting meeting;
    for (std::uint64_t position = 0; position < 1000; ++position) {
        for (const char* variant : {"a", "b"}) {
            Stay stay(meeting.rendezvous, variant, position, 0);
            stay.publish("said");
            CHECK(meeting.rendezvous.size() <= 2);
        }
    }
    CHECK(meeting.rendezvous.size() == 1);
}

TEST_CASE("other outputs: another run is asked by its name", "[engine]") {
    Meeting meeting;
    CHECK(meeting.rendezvous.of_run("main", "item-1", 0).value() == "main said item-1");
    CHECK_FALSE(meeting.rendezvous.of_run("other", "item-1", 0));
}

TEST_CASE("other outputs: variants that compare with each other do not block a run", "[engine]") {
    const int concurrency = GENERATE(1, 2, 16);
    const SpecFolder folder(spec_of(concurrency), {{"rows.jsonl", rows()}});
    Experiment experiment = folder.bind();
    compare_with(experiment, {"third", "second"});
    Plan plan = folder.plan(experiment);
    MemoryJournal journal;
    const auto run =
        execute(experiment, std::move(plan), journal, SystemClock{}, {.handle_signals = false});
    REQUIRE(run);
    CHECK(run->state == RunState::finished);
    REQUIRE(journal.units.size() == 180);
    for (const UnitResult& unit : journal.units) {
        INFO(unit.variant << " of item " << unit.item.position);
        const bool last = unit.item.position == 29;
        if (last && unit.variant == "second") {
            CHECK(unit.status == UnitStatus::failed);
            continue;
        }
        const Evaluation& with_third = unit.evaluations.at(0);
        const Evaluation& with_second = unit.evaluations.at(1);
        const bool even = unit.item.position % 2 == 0;
        CHECK((with_third.status == EvaluationStatus::skipped) == (unit.variant == "third"));
        CHECK((with_second.status == EvaluationStatus::skipped) == (unit.variant == "second"));
        if (unit.variant != "third") {
            const bool same_as_third = unit.variant == "second" && even;
            CHECK(with_third.scores.at(0).value == ScoreValue(same_as_third));
        }
        if (last) {
            CHECK(with_second.message == "the variant \"second\" gave no output for this item");
            CHECK(unit.status == UnitStatus::unscored);
            continue;
        }
        if (unit.variant == "second") continue;
        const bool same_as_second = unit.variant == "third" && even;
        CHECK(with_second.scores.at(0).value == ScoreValue(same_as_second));
    }
}

}  // namespace assay::test
