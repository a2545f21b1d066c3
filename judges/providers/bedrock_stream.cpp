#include "judges/providers/bedrock_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "core/base/text.hpp"
#include "judges/providers/assembled_reply.hpp"
#include "judges/providers/aws_event_stream.hpp"
#include "judges/providers/reply_json.hpp"

namespace assay {
namespace {

constexpr int k_model_failed = 424;
constexpr std::size_t k_quoted_columns_max = 300;

/// "ThrottlingException" of "com.amazonaws#ThrottlingException:http://..." or
/// "throttlingException".
std::string error_name(std::string_view text) {
    text = text.substr(0, text.find(':'));
    text = text.substr(text.find('#') + 1);
    std::string name(trim(text));
    const bool is_lower = !name.empty() && name.front() >= 'a' && name.front() <= 'z';
    if (is_lower) name.front() = static_cast<char>(name.front() - 'a' + 'A');
    return name;
}

/// The status that an error has which is told within a stream.
int status_of(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, int>, 5> k_statuses = {
        {{"ModelStreamErrorException", k_model_failed},
         {"ModelTimeoutException", 408},
         {"ServiceUnavailableException", 503},
         {"ThrottlingException", 429},
         {"ValidationException", 400}}};
    const auto* const known =
        std::ranges::find(k_statuses, name, [](const auto& status) { return status.first; });
    return known == k_statuses.end() ? 500 : known->second;
}

class ConverseStream final : public AssembledReply {
  public:
    using AssembledReply::AssembledReply;

    /// The name of the error that ended the stream, "" = none did.
    [[nodiscard]] const std::string& exception() const { return exception_; }

  private:
    struct Block {
        std::string text;
        std::string reasoning;
        Json tool;  ///< {"toolUseId", "name"}; null = the block is no call
        std::string input;
    };

    [[nodiscard]] std::string_view content_type() const override {
        return "application/vnd.amazon.eventstream";
    }
    [[nodiscard]] Result<void> feed(std::string_view bytes) override;
    [[nodiscard]] bool is_complete() const override { return !stop_reason_.empty(); }
    [[nodiscard]] Json assembled() const override;

    Result<void> take_message(const AwsEvent& message);
    void take_event(std::string_view type, const Json& event);
    void take_delta(const Json& delta, Block& block);

    AwsEventStream events_;
    std::string exception_;
    std::map<std::int64_t, Block> blocks_;  ///< by index
    std::string stop_reason_;
    Json metadata_ = Json::object();
};

Result<void> ConverseStream::feed(std::string_view bytes) {
    std::vector<AwsEvent> messages;
    const auto fed = events_.feed(bytes, messages);
    for (const AwsEvent& message : messages) {
        if (is_done()) return {};
        ASSAY_CHECK(take_message(message));
    }
    return is_done() ? Result<void>() : fed;
}

Result<void> ConverseStream::take_message(const AwsEvent& message) {
    const std::string_view kind = message.header(":message-type");
    if (kind == "event") {
        const auto event = parse_json(message.payload);
        if (!event) return give_up(message.payload);
        take_event(message.header(":event-type"), *event);
        return {};
    }
    const bool is_modelled = kind == "exception";
    exception_ = error_name(message.header(is_modelled ? ":exception-type" : ":error-code"));
    if (exception_.empty()) exception_ = "InternalServerException";
    if (is_modelled) return give_up(message.payload);
    return give_up(to_text(Json({{"message", message.header(":error-message")}})));
}

void ConverseStream::take_event(std::string_view type, const Json& event) {
    if (type == "contentBlockStart") {
        const Json* const start = member(event, "start");
        const Json* const tool = start == nullptr ? nullptr : member(*start, "toolUse");
        if (tool == nullptr) return;
        note_content();
        blocks_[count_member(event, "contentBlockIndex")].tool = *tool;
    } else if (type == "contentBlockDelta") {
        const Json* const delta = member(event, "delta");
        if (delta == nullptr) return;
        take_delta(*delta, blocks_[count_member(event, "contentBlockIndex")]);
    } else if (type == "messageStop") {
        stop_reason_ = text_member(event, "stopReason");
    } else if (type == "metadata" && event.is_object()) {  // comes last
        metadata_ = event;
        if (is_complete()) end();
    }
}

void ConverseStream::take_delta(const Json& delta, Block& block) {
    append(block.text, text_member(delta, "text"));
    if (const Json* const tool = member(delta, "toolUse")) {
        append(block.input, text_member(*tool, "input"));
    }
    if (const Json* const thought = member(delta, "reasoningContent")) {
        block.reasoning += text_member(*thought, "text");  // no content yet
    }
}

Json ConverseStream::assembled() const {
    Json content = Json::array();
    for (const auto& [index, block] : blocks_) {
        if (!block.reasoning.empty()) {
            content.push_back(
                {{"reasoningContent", {{"reasoningText", {{"text", block.reasoning}}}}}});
        }
        if (!block.text.empty()) content.push_back({{"text", block.text}});
        if (!block.tool.is_object()) continue;
        Json tool = block.tool;
        // A tool without parameters is called with nothing; cut short the input is no JSON.
        tool["input"] = block.input.empty() ? Json::object() : json_or_text(block.input);
        content.push_back({{"toolUse", std::move(tool)}});
    }
    Json body = metadata_;
    body["output"] = {{"message", {{"role", "assistant"}, {"content", std::move(content)}}}};
    body["stopReason"] = stop_reason_;
    return body;
}

class ConverseReply final : public StreamedReply {
  public:
    explicit ConverseReply(MonotonicTime sent) : stream_(sent) {}

    [[nodiscard]] Result<void> take(HttpResponse& so_far) override { return stream_.take(so_far); }
    [[nodiscard]] Result<HttpResponse> whole(Result<HttpResponse> response) override;
    [[nodiscard]] std::optional<std::chrono::nanoseconds> time_to_first_token() const override {
        return stream_.time_to_first_token();
    }

  private:
    ConverseStream stream_;
};

Result<HttpResponse> ConverseReply::whole(Result<HttpResponse> response) {
    ASSAY_TRY(HttpResponse answer, stream_.whole(std::move(response)));
    std::string name = stream_.exception();
    if (!name.empty()) answer.status = status_of(name);
    if (answer.status >= 200 && answer.status <= 299) return answer;
    const auto header = answer.headers.find("x-amzn-errortype");
    if (name.empty() && header != answer.headers.end()) name = error_name(header->second);
    auto body = parse_json(answer.body);
    if (!body || !body->is_object()) return answer;
    if (name.empty()) name = error_name(text_member(*body, "__type"));
    if (answer.status == k_model_failed) {
        return retryable_failure(
            ErrorCode::unavailable,
            fmt::format(
                "the model failed while it answered ({}): {}", answer.status,
                fit_width(terminal_safe(text_member(*body, "message")), k_quoted_columns_max)));
    }
    if (!name.empty()) (*body)["__type"] = name;
    answer.body = to_text(*body);
    return answer;
}

}  // namespace

std::unique_ptr<StreamedReply> follow_converse(MonotonicTime sent) {
    return std::make_unique<ConverseReply>(sent);
}

}  // namespace assay
