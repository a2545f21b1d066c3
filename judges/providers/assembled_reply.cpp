#include "judges/providers/assembled_reply.hpp"

#include <utility>

#include "core/base/text.hpp"

namespace assay {
namespace {

bool has_content_type(const HttpResponse& response, std::string_view prefix) {
    const auto type = response.headers.find("content-type");
    return response.status >= 200 && response.status <= 299 && type != response.headers.end() &&
           to_lower_ascii(type->second).starts_with(prefix);
}

}  // namespace

Result<void> AssembledReply::take(HttpResponse& so_far) {
    if (!has_content_type(so_far, content_type())) return {};
    if (!head_) head_ = {.status = so_far.status, .headers = so_far.headers, .body = {}};
    const std::string bytes = std::exchange(so_far.body, {});
    return is_done_ ? Result<void>() : feed(bytes);
}

Result<HttpResponse> AssembledReply::whole(Result<HttpResponse> response) {
    if (!head_) return response;
    if (response && !is_done_ && !instead_) finish();
    if (instead_) {
        head_->body = std::move(*instead_);
        return std::move(*head_);
    }
    // What breaks after the end takes nothing away from the answer; it is paid for and good.
    if (!response && !is_done_) return response;
    if (!is_done_ && !is_complete()) {
        return retryable_failure(ErrorCode::unavailable,
                                 "the stream ended before the answer was complete");
    }
    // As text, so that it takes the same way as an answer that came whole.
    head_->body = to_text(assembled());
    return std::move(*head_);
}

std::unexpected<Error> AssembledReply::give_up(std::string body) {
    instead_ = std::move(body);
    return failure(ErrorCode::unavailable,
                   "the stream holds an event that is no part of an answer");
}

void AssembledReply::append(std::string& text, std::string_view piece) {
    if (piece.empty()) return;
    note_content();
    text += piece;
}

void AssembledReply::note_content() {
    if (!time_to_first_token_) time_to_first_token_ = std::chrono::steady_clock::now() - sent_;
}

}  // namespace assay
