#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>

#include "configs/judge_attack.hpp"
#include "core/base/files.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "runner/cli/judge_command.hpp"
#include "runner/cli/judge_resistance.hpp"
#include "runner/cli/judge_selection.hpp"
#include "runner/cli/judged_units.hpp"
#include "runner/cli/prepare.hpp"
#include "runner/cli/prepare_run.hpp"
#include "runner/cli/progress.hpp"
#include "runner/cli/run_outputs.hpp"
#include "runner/engine/rescore.hpp"
#include "runner/report/numbers.hpp"

namespace assay {
namespace {

constexpr std::uint64_t k_outputs_default = 10;
constexpr std::size_t k_examples_max = 5;

/// What an attacker wants of a judge that said `honest`, as JSON; nothing when there is nothing to
/// gain.
std::optional<Json> wanted_verdict(const ScoreValue& honest, const Json& possible) {
    if (const bool* const verdict = std::get_if<bool>(&honest)) return !*verdict;
    const double* const number = std::get_if<double>(&honest);
    if (possible.is_object()) {
        const Json& most = possible.at("max");
        const bool has_room = number == nullptr || *number < most.get<double>();
        return has_room ? std::optional(possible.value("best", most)) : std::nullopt;
    }
    if (number != nullptr || possible.empty()) {
        // A share, as of a comparison or a checklist: what says so in a reply is not known here.
        const bool has_all = number != nullptr && *number >= 1;
        return has_all ? std::nullopt : std::optional(Json("the best there is"));
    }
    const Json& best = possible.front();
    return best == std::get<std::string>(honest) ? std::nullopt : std::optional(best);
}

/// The verdict as a judge would write it.
std::string written(const Json& verdict) {
    return verdict.is_number() ? fmt::format("{}", verdict.get<double>()) : to_text(verdict);
}

/// Names whose texts tell what a message or a call is, not what it says.
constexpr std::array<std::string_view, 4> k_structure = {"id", "name", "role", "type"};

/// Puts the attack behind each text in the value.
void attack_texts(Json& value, const std::string& attack) {
    for (const auto& member : value.items()) {
        if (member.value().is_structured()) attack_texts(member.value(), attack);
        const bool is_said = std::ranges::find(k_structure, member.key()) == k_structure.end();
        if (!member.value().is_string() || !is_said) continue;
        member.value() = fmt::format("{}\n\n{}", member.value().get<std::string>(), attack);
    }
}

Json attacked_output(const Json& output, const std::string& attack) {
    Json attacked = output;
    if (output.is_structured()) attack_texts(attacked, attack);
    if (attacked != output) return attacked;
    return fmt::format("{}\n\n{}", as_text(output), attack);
}

/// Whether the judge went over to the attacker's side: another truth value, a better number or the
/// wanted category.
bool is_flipped(const ScoreValue& honest, const ScoreValue& attacked, const Json& wanted) {
    if (std::holds_alternative<double>(honest) && std::holds_alternative<double>(attacked)) {
        return std::get<double>(attacked) > std::get<double>(honest);
    }
    if (const auto* const label = std::get_if<std::string>(&attacked)) return wanted == *label;
    return attacked != honest;
}

const ScoreValue* value_in(const UnitResult& unit, const std::string& judge) {
    const auto said = std::ranges::find(unit.evaluations, judge, &Evaluation::evaluator);
    if (said == unit.evaluations.end()) return nullptr;
    const auto score = std::ranges::find(said->scores, judge, &Score::name);
    return score == said->scores.end() ? nullptr : &score->value;
}

/// Why the judge gave the unit no verdict; "" when it does not say.
std::string message_in(const UnitResult& unit, const std::string& judge) {
    const auto said = std::ranges::find(unit.evaluations, judge, &Evaluation::evaluator);
    return said == unit.evaluations.end() ? std::string() : said->message;
}

/// One attacked output and what came of it.
struct Attempt {
    const JudgeAttack* attack = nullptr;
    Json wanted;
    AttackOutcome outcome;
    std::string error;  ///< why there is no verdict
};

using Units = std::map<std::size_t, UnitResult>;

/// What judges that compare are shown beside an output: the outputs of the other variants as they
/// are, and those of stored runs.
class HonestOutputs final : public StoredOutputs {
  public:
    /// @param run     whose variants the units are of; it and the units outlive this.
    /// @param others  nullptr = there are no stored runs.
    HonestOutputs(const RunRecord& run, const Units& units, std::unique_ptr<RunOutputs> others)
        : run_(run), units_(units), others_(std::move(others)) {}

    Result<std::optional<Json>> output_of(const DatasetRunId& dataset_run, std::uint64_t position,
                                          int repetition) override {
        const auto variant =
            std::ranges::find(run_.variants, dataset_run, &VariantRecord::dataset_run_id);
        if (variant == run_.variants.end()) return std::nullopt;
        for (const auto& [number, unit] : units_) {
            const bool is_it = unit.variant == variant->name && unit.item.position == position &&
                               unit.repetition == repetition;
            if (is_it) return unit.output;
        }
        return std::nullopt;
    }
    Result<Json> output_of_run(const std::string& run, const std::string& item_id,
                               int repetition) override {
        if (others_ != nullptr) return others_->output_of_run(run, item_id, repetition);
        return failure(ErrorCode::not_found, fmt::format("no run \"{}\" is stored here", run));
    }

  private:
    const RunRecord& run_;
    const Units& units_;
    std::unique_ptr<RunOutputs> others_;
};

/// Attacks the judges of one spec.
class Attacker {
  public:
    /// How the work is watched.
    struct Watching {
        ProgressMode mode = ProgressMode::none;
        const Console& console;
    };
    Attacker(const PreparedRun& prepared, const std::vector<JudgeAttack>& attacks,
             const RescoreParts& parts, Watching watching)
        : prepared_(prepared), attacks_(attacks), parts_(parts), watching_(watching) {}

    /// Finds the outputs and what they are compared with.
    /// @error invalid_argument when there is none; as for_each_judged_unit.
    Result<void> collect(const OutputSource& source) {
        ASSAY_CHECK(
            for_each_judged_unit(prepared_, source, [this](const UnitResult& unit) -> Result<void> {
                UnitResult& own = honest_[honest_.size()] = unit;
                own.evaluations.clear();
                // What the task took is not what this takes.
                own.paid = 0;
                own.retries = 0;
                own.cached = 0;
                own.key = UnitKey(std::to_string(honest_.size() - 1));
                return {};
            }));
        if (honest_.empty()) {
            return failure(ErrorCode::invalid_argument, "there is no output to attack");
        }
        run_ = prepared_.plan.run;
        run_.manifest = Json::object();
        std::unique_ptr<RunOutputs> others;
        if (compares_with_runs()) {
            ASSAY_TRY(store_, Store::open_existing(source.store, default_project_id()));
            ASSAY_TRY(others, RunOutputs::open(prepared_.experiment, run_, *store_));
        }
        outputs_.emplace(run_, honest_, std::move(others));
        parts_.outputs = &*outputs_;
        return {};
    }

    /// Lets all evaluators look at the outputs as they are.
    Result<void> judge_honestly() {
        const UnitStream outputs = [this](const UnitVisitor& visit) -> Result<void> {
            for (const auto& [number, unit] : honest_) ASSAY_CHECK(visit(unit));
            return {};
        };
        const std::string part =
            fmt::format("{} to be judged as they are", format_some(honest_.size(), "output"));
        ASSAY_TRY(Units judged, evaluate(part, run_, outputs, honest_.size()));
        for (auto& [number, unit] : judged) honest_[number] = std::move(unit);
        return {};
    }

    /// @error unavailable when the judge gives no verdict of any output as it is.
    Result<Resistance> attack(const BoundEvaluator& judge) {
        ASSAY_CHECK(check_honest(judge.name()));
        std::vector<Attempt> attempts = plan(judge);
        const UnitStream attacked = [&](const UnitVisitor& visit) -> Result<void> {
            for (std::size_t i = 0; i < attempts.size(); ++i) {
                ASSAY_CHECK(visit(attacked_unit(attempts[i], i, judge)));
            }
            return {};
        };
        RunRecord others_known = run_;
        others_known.manifest["evaluators"] = descriptions_without(judge.name());
        const std::string part = fmt::format("{}: {} to be judged", terminal_safe(judge.name()),
                                             format_some(attempts.size(), "attacked output"));
        ASSAY_TRY(const Units judged, evaluate(part, others_known, attacked, attempts.size()));
        for (const auto& [i, unit] : judged) {
            Attempt& attempt = attempts[i];
            const ScoreValue* const value = value_in(unit, judge.name());
            const ScoreValue* const honest =
                value_in(honest_.at(attempt.outcome.output), judge.name());
            attempt.outcome.answered = value != nullptr;
            if (value == nullptr) attempt.error = message_in(unit, judge.name());
            attempt.outcome.flipped =
                value != nullptr && is_flipped(*honest, *value, attempt.wanted);
        }
        return summary(judge.name(), attempts);
    }

  private:
    /// The units with what evaluators say that `run` does not know of, by the number in their keys.
    /// @param part  what this part of the work is, for people.
    Result<Units> evaluate(const std::string& part, const RunRecord& run, const UnitStream& outputs,
                           std::uint64_t count) {
        if (count == 0) return Units();
        const bool is_for_people =
            watching_.mode == ProgressMode::automatic || watching_.mode == ProgressMode::plain;
        if (is_for_people) print_error(part + "\n");
        const auto progress = make_progress(watching_.mode, count, watching_.console, parts_.clock);
        RescoreParts parts = parts_;
        parts.observer = progress.get();
        progress->units_stored(run, 0);
        Units judged;
        const auto counts =
            rescore_units(prepared_.experiment, run, outputs, keep_in(judged), parts);
        progress->finish();
        if (!counts) return std::unexpected(counts.error());
        return judged;
    }

    [[nodiscard]] bool compares_with_runs() const {
        return std::ranges::any_of(prepared_.experiment.evaluators, [](const auto& evaluator) {
            return evaluator.waiting() != nullptr &&
                   !evaluator.waiting()->compares_with_runs().empty();
        });
    }

    [[nodiscard]] Result<void> check_honest(const std::string& judge) const {
        std::string reason;
        for (const auto& [number, unit] : honest_) {
            if (value_in(unit, judge) != nullptr) return {};
            reason = message_in(unit, judge);
        }
        return failure(
            ErrorCode::unavailable,
            fmt::format("the judge \"{}\" gave no verdict of the outputs as they are: {}", judge,
                        reason));
    }

    /// Keeps each unit under the number in its key: they come in any order.
    static UnitVisitor keep_in(Units& units) {
        return [&units](const UnitResult& unit) -> Result<void> {
            const std::string& key = unit.key.value();
            std::size_t number = 0;
            std::from_chars(key.data(), key.data() + key.size(), number);
            units.insert_or_assign(number, unit);
            return {};
        };
    }

    [[nodiscard]] Json descriptions_without(const std::string& judge) const {
        Json all = describe_evaluators(prepared_.experiment.evaluators);
        Json others = Json::array();
        for (Json& description : all) {
            if (description.at("name") != judge) others.push_back(std::move(description));
        }
        return others;
    }

    [[nodiscard]] std::vector<Attempt> plan(const BoundEvaluator& judge) {
        std::vector<Attempt> attempts;
        const Json possible = judge.waiting()->possible_verdicts();
        for (const auto& [output, unit] : honest_) {
            const ScoreValue* const honest = value_in(unit, judge.name());
            const auto wanted =
                honest == nullptr ? std::nullopt : wanted_verdict(*honest, possible);
            if (!wanted) continue;
            for (const JudgeAttack& attack : attacks_) {
                attempts.push_back(
                    {.attack = &attack, .wanted = *wanted, .outcome = {.output = output}});
            }
        }
        return attempts;
    }

    /// The output with the attack behind it, judged by all others as it was.
    [[nodiscard]] UnitResult attacked_unit(const Attempt& attempt, std::size_t number,
                                           const BoundEvaluator& judge) const {
        UnitResult unit = honest_.at(attempt.outcome.output);
        unit.key = UnitKey(std::to_string(number));
        std::erase_if(unit.evaluations, [&judge](const Evaluation& evaluation) {
            return evaluation.evaluator == judge.name();
        });
        for (Evaluation& other : unit.evaluations) {
            // An error or a skip would be looked at again with every attack.
            other.status = EvaluationStatus::scored;
            other.judge.reset();  // it was paid for once
        }
        unit.output =
            attacked_output(unit.output, render_attack(*attempt.attack, written(attempt.wanted)));
        return unit;
    }

    [[nodiscard]] Resistance summary(const std::string& judge,
                                     const std::vector<Attempt>& attempts) const {
        Resistance found{.judge = judge};
        std::map<std::string, std::vector<AttackOutcome>> families;
        std::vector<AttackOutcome> all;
        for (const Attempt& attempt : attempts) {
            const AttackOutcome& outcome = attempt.outcome;
            all.push_back(outcome);
            if (found.first_error.empty()) found.first_error = attempt.error;
            families[attempt.attack->family].push_back(outcome);
            if (!outcome.flipped || found.examples.size() == k_examples_max) continue;
            found.examples.push_back(fmt::format(
                "{}: {}", honest_.at(outcome.output).item.id.value(), attempt.attack->id));
        }
        found.outputs = attempts.size() / std::max<std::size_t>(attacks_.size(), 1);
        found.passed_over = honest_.size() - found.outputs;
        found.all = share_of(all);
        for (const auto& [family, own] : families) found.families[family] = share_of(own);
        return found;
    }

    const PreparedRun& prepared_;
    const std::vector<JudgeAttack>& attacks_;
    RescoreParts parts_;
    Watching watching_;
    Units honest_;
    RunRecord run_;  ///< that the outputs are of, with nothing known of their evaluations
    std::unique_ptr<Store> store_;
    std::optional<HonestOutputs> outputs_;
};

/// The attacks of a file, or the shipped ones. Mistakes in the file go into `mistakes`.
Result<std::vector<JudgeAttack>> read_attacks(const std::string& file, Diagnostics& mistakes) {
    if (file.empty()) return shipped_judge_attacks();
    ASSAY_TRY(const std::string text, read_file(file, limits::k_spec_bytes_max));
    return read_judge_attacks(text, file, mistakes);
}

}  // namespace

Result<ExitCode> attack_judges(const JudgeArguments& arguments, const Console& console) {
    ASSAY_CHECK(read_env_file(arguments.run.env_file));
    const SystemClock clock;
    Diagnostics mistakes;
    ASSAY_TRY(const auto attacks, read_attacks(arguments.attacks, mistakes));
    if (!mistakes.empty()) return report_mistakes(mistakes);
    RunArguments run = arguments.run;
    if (!run.limit) run.limit = k_outputs_default;
    ASSAY_TRY(const auto prepared,
              prepare_run(arguments.subject, run, {.task_called = false}, clock, mistakes));
    if (!prepared) return report_mistakes(mistakes);
    ASSAY_TRY(const auto judges, judges_of(prepared->experiment, arguments.judge));
    std::unique_ptr<ReplyCache> cache;
    if (!run.no_cache) {
        ASSAY_TRY(cache, ReplyCache::open(cache_folder(run), {}, clock));
    }
    Attacker attacker(*prepared, attacks, {.clock = clock, .cache = cache.get(), .canaries = false},
                      {progress_of(arguments), console});
    ASSAY_CHECK(attacker.collect({.store = run.store, .run = arguments.of}));
    ASSAY_CHECK(attacker.judge_honestly());
    OrderedJson list = OrderedJson::array();
    for (const BoundEvaluator* judge : judges) {
        ASSAY_TRY(const Resistance found, attacker.attack(*judge));
        if (arguments.json) {
            list.push_back(to_json(found));
        } else {
            print(found, console);
        }
    }
    if (arguments.json) print_out(to_pretty_text(list));
    return ExitCode::ok;
}

}  // namespace assay
