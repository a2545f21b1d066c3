#include "judges/judging/model_judge.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "core/base/task_group.hpp"
#include "core/model/json_value.hpp"

namespace assay {
namespace {

EvaluationRequest request_of(const Json& canary, std::size_t number) {
    const auto member = [&canary](const char* name) {
        const auto found = canary.find(name);
        return found == canary.end() ? Json() : *found;
    };
    EvaluationRequest request{.item_id = "canary-" + std::to_string(number),
                              .position = number - 1,
                              .input = member("input"),
                              .expected_output = member("expected_output"),
                              .output = member("output"),
                              .metadata = member("metadata")};
    if (canary.contains("vars")) request.vars = canary.at("vars");
    return request;
}

bool is_value(const Json& got, const Json& expected) {
    if (!expected.is_object()) return json_equal(got, expected);
    if (!got.is_number()) return false;
    const double number = got.get<double>();
    return number >= expected.value("min", number) && number <= expected.value("max", number);
}

/// Of a choice that is worth a number, the label is as good: it is what was said.
/// @return the score's value, or the labels when one is expected.
Json got_of(const EvaluationReply& reply, const Json& expected) {
    Json value = to_json(reply.scores.front().value);
    if (!expected.is_string() || !value.is_number() || !reply.judge) return value;
    Json said = reply.judge->metadata.value("verdicts", Json::array());
    if (said.empty()) return value;
    const bool agree = std::ranges::count(said, said.front()) == std::ssize(said);
    return agree ? Json(said.front()) : said;
}

/// What judging canaries came to, as it grows.
class CanaryReport {
  public:
    void add(const Json& canary, std::size_t number, const Result<EvaluationReply>& reply) {
        ++judged_;
        const Json& expected = canary.at("verdict");
        Json failed = {{"canary", number}, {"expected", expected}, {"got", nullptr}};
        if (reply && reply->judge) count(*reply->judge);
        if (!reply) {
            failed["error"] = reply.error().message;
        } else if (reply->scores.empty()) {
            failed["error"] = reply->error;
        } else {
            failed["got"] = got_of(*reply, expected);
            failed["comment"] = reply->scores.front().comment;
            if (is_value(failed["got"], expected)) return;
        }
        failed_.push_back(std::move(failed));
    }

    [[nodiscard]] Json to_json_report() const {
        return {{"judged", judged_},
                {"failed", failed_},
                {"calls", calls_},
                {"tokens", tokens_},
                {"cost_usd", cost_ ? Json(to_usd(*cost_)) : Json()}};
    }

  private:
    void count(const JudgeRecord& record) {
        calls_ += record.calls;
        const auto total = record.usage.find("total");
        if (total != record.usage.end()) tokens_ += total->second;
        cost_ = cost_ && record.cost ? std::optional(*cost_ + *record.cost) : std::nullopt;
    }

    std::size_t judged_ = 0;
    Json failed_ = Json::array();
    int calls_ = 0;
    std::int64_t tokens_ = 0;
    std::optional<NanoUsd> cost_ = 0;
};

}  // namespace

ModelJudge::ModelJudge(JudgeModel model, const Json& parameters,
                       const EvaluatorEnvironment& environment)
    : model_(std::move(model)), name_(environment.name), seed_(environment.seed) {
    const auto canaries = parameters.find("canaries");
    if (canaries != parameters.end()) canaries_ = *canaries;
}

boost::asio::awaitable<void> ModelJudge::judge_into(EvaluationRequest request,
                                                    EvaluationContext context,
                                                    Result<EvaluationReply>& reply) {
    reply = co_await evaluate(std::move(request), context);
}

std::map<std::string, QuestionCount> ModelJudge::questions() const {
    QuestionCount count{.each_evaluation = questions_a_repetition() *
                                           static_cast<std::uint64_t>(model_.repetitions)};
    count.once_a_run = questions_a_run() + canaries_.size() * count.each_evaluation;
    return {{model_.name, count}};
}

Task<Json> ModelJudge::judge_canaries(EvaluationContext context) {
    if (canaries_.is_null()) co_return Json();
    std::vector<Result<EvaluationReply>> replies(canaries_.size());
    TaskGroup group(co_await boost::asio::this_coro::executor);
    for (std::size_t i = 0; i < replies.size(); ++i) {
        group.spawn(judge_into(request_of(canaries_[i], i + 1), context, replies[i]));
    }
    while (co_await group.next()) {
    }
    CanaryReport report;
    for (std::size_t i = 0; i < replies.size(); ++i) {
        const bool cancelled = !replies[i] && replies[i].error().code == ErrorCode::cancelled;
        if (cancelled) co_return std::unexpected(std::move(replies[i].error()));
        report.add(canaries_[i], i + 1, replies[i]);
    }
    co_return report.to_json_report();
}

}  // namespace assay
