#include "judges/forms/form_prompt.hpp"

#include <fmt/format.h>

#include <utility>

#include "core/base/text.hpp"

namespace assay {
namespace {

std::unexpected<Error> at_parameter(std::string_view name, const Error& error) {
    return failure(error.code, fmt::format("\"{}\": {}", name, error.message));
}

Result<JudgePrompt::Message> message_at(std::string_view parameter, std::string role,
                                        std::string_view text) {
    auto message = judge_message(std::move(role), text);
    if (!message) return at_parameter(parameter, message.error());
    return message;
}

}  // namespace

Result<VerdictScale> read_result(const Json& parameters) {
    const auto result = parameters.find("result");
    Json output = {{"type", "NUMERIC"}};
    if (result == parameters.end()) return parse_verdict_scale(output, "result");
    if (result->is_string()) {
        output["type"] = "BOOLEAN";
    } else if (result->is_array()) {
        output = {{"type", "CATEGORICAL"}, {"points", *result}};
    } else if (result->contains("categories")) {
        output = {{"type", "CATEGORICAL"}, {"points", result->at("categories")}};
    } else {
        output.update(*result);
    }
    return parse_verdict_scale(output, "result");
}

Result<std::string> read_criteria(const Json& parameters) {
    const Json& criteria = parameters.at("criteria");
    std::string text;
    if (criteria.is_string()) {
        text = trim(criteria.get_ref<const std::string&>());
    } else {
        std::size_t number = 0;
        for (const Json& criterion : criteria) {
            text += fmt::format("{}{}. {}", number == 0 ? "" : "\n", number + 1,
                                trim(criterion.get_ref<const std::string&>()));
            ++number;
        }
    }
    const auto checked = TextTemplate::parse(text);
    if (!checked) return at_parameter("criteria", checked.error());
    return text;
}

Result<std::vector<JudgePrompt::Message>> read_judge_messages(const Json& parameters) {
    const Json& prompt = parameters.at("prompt");
    std::vector<JudgePrompt::Message> messages;
    if (prompt.is_string()) {
        ASSAY_TRY(JudgePrompt::Message message,
                  message_at("prompt", "user", prompt.get_ref<const std::string&>()));
        messages.push_back(std::move(message));
        return messages;
    }
    for (const Json& written : prompt) {
        const std::string& role = written.at("role").get_ref<const std::string&>();
        if (role == "system" && !messages.empty()) {
            return failure(ErrorCode::invalid_argument,
                           "\"prompt\": only the first message may be the system's");
        }
        ASSAY_TRY(JudgePrompt::Message message,
                  message_at("prompt", role, written.at("content").get_ref<const std::string&>()));
        messages.push_back(std::move(message));
    }
    if (messages.back().role != "user") {
        return failure(ErrorCode::invalid_argument, "\"prompt\": the last message is the user's");
    }
    return messages;
}

Result<std::vector<JudgePrompt::Message>> form_messages(std::string_view system,
                                                        std::string_view user) {
    std::vector<JudgePrompt::Message> messages;
    ASSAY_TRY(JudgePrompt::Message first, judge_message("system", system));
    ASSAY_TRY(JudgePrompt::Message second, judge_message("user", user));
    messages.push_back(std::move(first));
    messages.push_back(std::move(second));
    return messages;
}

}  // namespace assay
