#include <fmt/format.h>

#include <optional>
#include <vector>

#include "core/base/text.hpp"
#include "core/process/line_workers.hpp"
#include "judges/providers/builtin.hpp"

namespace assay {
namespace {

constexpr std::size_t k_name_columns_max = 60;

Result<std::int64_t> read_tokens(const Json& value, const std::string& key) {
    const bool usable = value.is_number_integer() && value >= 0;
    if (usable) return value.get<std::int64_t>();
    return failure(ErrorCode::invalid_argument,
                   fmt::format("the program's answer has a usage.{} that is no whole number", key));
}

Result<UsageDetails> read_usage(const Json& usage) {
    if (!usage.is_object()) {
        return failure(ErrorCode::invalid_argument,
                       "the program's answer has a usage that is no object");
    }
    UsageDetails details;
    std::int64_t sum = 0;
    for (const auto& [key, value] : usage.items()) {
        ASSAY_TRY(details[key], read_tokens(value, key));
        sum += details[key];
    }
    if (!details.empty()) details.try_emplace("total", sum);
    return details;
}

Result<NanoUsd> read_cost(const Json& cost) {
    constexpr double k_cost_usd_max = 1e9;  // fits in nano-dollars
    if (cost.is_number() && cost >= 0.0 && cost <= k_cost_usd_max) {
        return nanos_from_usd(cost.get<double>());
    }
    return failure(ErrorCode::invalid_argument,
                   "the program's answer has a cost_usd that is no amount");
}

bool says_error(const Json& answer) {
    return answer.contains("error") && !answer["error"].is_null();
}

/// Reads {"id", "output"} or {"id", "error"}, with "usage", "cost_usd" and "model" when they are
/// there.
Result<ProviderReply> read_answer(const Json& answer) {
    if (says_error(answer)) {
        return failure(ErrorCode::unavailable,
                       fmt::format("the program reports: {}", as_text(answer["error"])));
    }
    if (!answer.contains("output")) {
        return failure(ErrorCode::invalid_argument,
                       "the program's answer has neither \"output\" nor \"error\"");
    }
    ProviderReply reply;
    reply.output = answer["output"];
    if (answer.contains("usage")) {
        ASSAY_TRY(reply.usage, read_usage(answer["usage"]));
    }
    if (answer.contains("cost_usd")) {
        ASSAY_TRY(reply.cost, read_cost(answer["cost_usd"]));
    }
    if (answer.contains("model")) reply.model = as_text(answer["model"]);
    return reply;
}

/// All of stdout as one value: JSON if it is that, else text without its last line end.
Json read_whole_output(std::string text) {
    if (auto json = parse_json(text)) return std::move(*json);
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return to_valid_utf8(text);
}

/// A program as a task (SPEC 1.4): processes that stay and answer line by line, or one process an
/// item.
class CommandProvider final : public Provider {
  public:
    explicit CommandProvider(const ProviderSettings& settings)
        : once_(settings.once), workers_(program_from(settings)) {}

    Task<ProviderReply> call(ProviderRequest request, Deadline deadline) override;
    void close() override { workers_.close(); }

  private:
    static LineProgram program_from(const ProviderSettings& settings);

    bool once_;
    LineWorkers workers_;
};

LineProgram CommandProvider::program_from(const ProviderSettings& settings) {
    const std::string name = fmt::format("{}", fmt::join(settings.command, " "));
    return {.name = fit_width(name, k_name_columns_max),
            .time_limit_name = "timeout",
            .workers_max = settings.workers_max,
            .next_process = [command = settings.command, folder = settings.folder] {
                return Result<ProcessOptions>({.command = command, .folder = folder});
            }};
}

Task<ProviderReply> CommandProvider::call(ProviderRequest request, Deadline deadline) {
    ASSAY_ASSERT(request.unit.is_object(), "a program is asked with a unit");
    ASSAY_CO_TRY(LineWorkers::Lease worker, co_await workers_.take(deadline));
    if (once_) {
        ASSAY_CO_TRY(std::string output,
                     co_await worker.ask_once(std::move(request.unit), deadline));
        co_return ProviderReply{.output = read_whole_output(std::move(output)),
                                .log = worker.take_log()};
    }
    ASSAY_CO_TRY(const Json answer, co_await worker.ask(std::move(request.unit), deadline));
    auto reply = read_answer(answer);
    if (reply) reply->log = worker.take_log();
    if (reply || says_error(answer)) worker.keep();
    co_return reply;
}

Result<std::unique_ptr<Provider>> make_command(ProviderSettings settings) {
    if (settings.command.empty() || settings.workers_max < 1) {
        return failure(ErrorCode::invalid_argument, "a command needs at least one word");
    }
    return std::make_unique<CommandProvider>(settings);
}

}  // namespace

const ProviderDefinition command_definition{
    .id = "command",
    .summary = "A program: JSON lines in on stdin, JSON lines out on stdout.",
    .is_model = false,
    .make = &make_command};

}  // namespace assay
