#include "judges/providers/http_reply.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/base/text.hpp"
#include "judges/providers/rate_limit_headers.hpp"

namespace assay {
namespace {

constexpr std::size_t k_quoted_columns_max = 300;
constexpr std::size_t k_quoted_bytes_max = 4096;  // looked at; then the rest is left out
constexpr std::size_t k_names_shown_max = 20;

enum class AnswerForm : std::uint8_t { unknown, text, html, json, events, lines };

/// Type and subtype of the content, in lower case.
std::string content_type(const HttpResponse& response) {
    const auto found = response.headers.find("content-type");
    if (found == response.headers.end()) return {};
    const std::string_view value = found->second;
    return to_lower_ascii(trim(value.substr(0, value.find(';'))));
}

AnswerForm form_of(const HttpResponse& response) {
    const std::string type = content_type(response);
    if (type == "text/event-stream") return AnswerForm::events;
    for (const std::string_view lines :
         {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonl",
          "application/jsonlines", "application/json-lines", "application/stream+json"}) {
        if (type == lines) return AnswerForm::lines;
    }
    if (type == "application/json" || type.ends_with("+json")) return AnswerForm::json;
    if (type == "text/html") return AnswerForm::html;
    return type.starts_with("text/") ? AnswerForm::text : AnswerForm::unknown;
}

/// The beginning of what the service said, as the end of a sentence.
std::string excerpt(std::string_view text) {
    const std::string_view beginning = trim(text).substr(0, k_quoted_bytes_max);
    if (beginning.empty()) return {};
    return fmt::format(": {}", fit_width(terminal_safe(beginning), k_quoted_columns_max));
}

Error status_error(const HttpResponse& response) {
    const int status = response.status;
    const auto error = [&](ErrorCode code, std::string_view remedy = "") {
        return Error{code, fmt::format("the service answered {}{}{}", status, remedy,
                                       excerpt(response.body))};
    };
    if (status >= 300 && status < 400) {
        const auto location = response.headers.find("location");
        const std::string target =
            location == response.headers.end()
                ? "elsewhere"
                : "to " + fit_width(terminal_safe(printable_url(location->second)),
                                    k_quoted_columns_max);
        return {ErrorCode::invalid_argument,
                fmt::format("the service answered {} and points {}; redirects are not followed: "
                            "put the final address into `url`",
                            status, target)};
    }
    if (status == 401 || status == 403) {
        return error(ErrorCode::unauthenticated, "; is the key in `headers` right?");
    }
    if (is_retryable_status(status)) {
        const bool is_too_much = status == 429 || status == 529;
        Error passing = error(is_too_much ? ErrorCode::resource_exhausted : ErrorCode::unavailable);
        passing.retryable = true;
        passing.retry_after = read_retry_after(response);
        return passing;
    }
    return error(status >= 500 ? ErrorCode::unavailable : ErrorCode::invalid_argument);
}

std::unexpected<Error> broken(std::string message) {
    return retryable_failure(ErrorCode::unavailable, std::move(message));
}

/// What there is instead, after "it".
std::string members_of(const Json& answer) {
    if (answer.is_array()) return fmt::format("is a list of {}", answer.size());
    if (!answer.is_object()) return fmt::format("is {}", type_phrase(answer));
    if (answer.empty()) return "is an empty object";
    std::vector<std::string> names;
    for (const auto& [name, member] : answer.items()) {
        names.push_back(fit_width(terminal_safe(name), k_quoted_columns_max / 4));
        if (names.size() == k_names_shown_max) break;
    }
    const std::size_t left = answer.size() - names.size();
    return fmt::format("has {}{}", fmt::join(names, ", "),
                       left == 0 ? "" : fmt::format(" and {} more", left));
}

/// What `output` selects, null when it is nothing.
Result<Json> select(const JsonPath& output, const Json& answer) {
    Json scratch;
    ASSAY_TRY(const Json* const found, output.value(answer, scratch));
    return found == nullptr ? Json() : *found;
}

/// The parts of a stream as one output. A single value stays what it is.
Json joined(std::vector<Json> parts) {
    if (parts.size() == 1) return std::move(parts.front());
    std::string text;
    std::string scratch;
    for (const Json& part : parts) text += as_text(part, scratch);
    return text;
}

/// The outputs in a stream of JSON values. Many events only announce something: those without an
/// output are passed over, but not all of them can be.
class OutputsOfStream {
  public:
    explicit OutputsOfStream(const JsonPath& output) : output_(output) {}

    Result<void> take(std::string_view text) {
        ++events_;
        auto event = parse_json(text);
        if (!event) {
            return broken(fmt::format("event {} of the stream is not valid JSON ({}){}", events_,
                                      event.error().message, excerpt(text)));
        }
        ASSAY_TRY(Json found, select(output_, *event));
        if (!found.is_null()) parts_.push_back(std::move(found));
        last_ = std::move(*event);
        return {};
    }

    Result<Json> finish() {
        if (events_ == 0) return broken("the stream ended without an event");
        if (parts_.empty()) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("no event of the stream has anything at {}; the last one {}",
                                       output_.text(), members_of(last_)));
        }
        return joined(std::move(parts_));
    }

  private:
    const JsonPath& output_;
    std::vector<Json> parts_;
    std::size_t events_ = 0;
    Json last_;
};

Result<Json> read_events(const std::string& body, const JsonPath* output) {
    std::vector<SseEvent> events;
    SseParser parser;
    ASSAY_CHECK(parser.feed(body, events));
    parser.finish(events);
    const auto done =
        std::ranges::find_if(events, [](const SseEvent& event) { return event.data == "[DONE]"; });
    events.erase(done, events.end());
    const auto error = std::ranges::find(events, "error", &SseEvent::type);
    if (error != events.end()) {
        return broken(
            fmt::format("the service reported an error in its stream{}", excerpt(error->data)));
    }
    if (output == nullptr) {
        std::string text;
        for (const SseEvent& event : events) text += event.data;
        return Json(std::move(text));
    }
    OutputsOfStream outputs(*output);
    for (const SseEvent& event : events) ASSAY_CHECK(outputs.take(event.data));
    return outputs.finish();
}

Result<Json> read_lines(std::string_view body, const JsonPath* output) {
    Json values = Json::array();
    std::optional<OutputsOfStream> outputs;
    if (output != nullptr) outputs.emplace(*output);
    for (std::string_view line : split(body, '\n')) {
        line = trim(line);
        if (line.empty()) continue;
        if (outputs) {
            ASSAY_CHECK(outputs->take(line));
            continue;
        }
        auto value = parse_json(line);
        if (!value) {
            return broken(fmt::format("a line of the answer is not valid JSON ({}){}",
                                      value.error().message, excerpt(line)));
        }
        values.push_back(std::move(*value));
    }
    if (outputs) return outputs->finish();
    return values;
}

Result<Json> read_whole(const std::string& body, AnswerForm form, const JsonPath* output) {
    const bool as_text_only = form == AnswerForm::text || form == AnswerForm::html;
    if (as_text_only && output == nullptr) return Json(to_valid_utf8(body));
    auto answer = parse_json(body);
    if (!answer) {
        if (output == nullptr && form == AnswerForm::unknown) return Json(to_valid_utf8(body));
        if (form == AnswerForm::html || trim(body).starts_with('<')) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("the service answered HTML, not JSON; is `url` right?{}",
                                       excerpt(body)));
        }
        return broken(fmt::format("the answer is not valid JSON ({}){}", answer.error().message,
                                  excerpt(body)));
    }
    if (output == nullptr) return answer;
    ASSAY_TRY(Json found, select(*output, *answer));
    if (found.is_null()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the answer has nothing at {}; it {}", output->text(),
                                   members_of(*answer)));
    }
    return found;
}

}  // namespace

Result<Json> read_service_reply(const HttpResponse& response, const JsonPath* output) {
    if (response.status < 200 || response.status > 299) {
        return std::unexpected(status_error(response));
    }
    switch (const AnswerForm form = form_of(response)) {
        case AnswerForm::events: return read_events(response.body, output);
        case AnswerForm::lines: return read_lines(response.body, output);
        default: return read_whole(response.body, form, output);
    }
}

void FirstOutput::look(const HttpResponse& so_far) {
    const std::string_view fresh = std::string_view(so_far.body).substr(looked_at_);
    looked_at_ = so_far.body.size();
    if (after_ || form_of(so_far) != AnswerForm::events) return;
    std::vector<SseEvent> events;
    if (!parser_.feed(fresh, events)) return;
    if (std::ranges::any_of(events, [&](const SseEvent& event) { return has_output(event); })) {
        after_ = std::chrono::steady_clock::now() - sent_;
    }
}

bool FirstOutput::has_output(const SseEvent& event) const {
    if (event.data == "[DONE]" || event.type == "error") return false;
    if (output_ == nullptr) return true;
    const auto value = parse_json(event.data);
    if (!value) return false;
    const auto found = select(*output_, *value);
    return found && !found->is_null();
}

}  // namespace assay
