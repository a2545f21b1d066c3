#include "server/api/answer_writer.hpp"

#include <fmt/format.h>

#include <utility>

#include "server/api/error_body.hpp"
#include "server/api/limits.hpp"

namespace assay {

void AnswerWriter::add_members(const OrderedJson& object) {
    for (const auto& [name, value] : object.items()) {
        begin_member(name);
        body_ += to_text(value);
    }
}

void AnswerWriter::begin_list(std::string_view name) {
    begin_member(name);
    body_ += '[';
    has_elements_ = false;
}

bool AnswerWriter::add(const OrderedJson& element) {
    const std::string text = to_text(element);
    if (body_.size() + text.size() > limits::k_answer_bytes_max) return false;
    if (std::exchange(has_elements_, true)) body_ += ',';
    body_ += text;
    return true;
}

void AnswerWriter::end_list() { body_ += ']'; }

ApiResponse AnswerWriter::finish() {
    body_ += '}';
    return {.status = 200,
            .content_type = "application/json; charset=utf-8",
            .body = std::move(body_),
            .headers = {}};
}

void AnswerWriter::begin_member(std::string_view name) {
    if (body_.size() > 1) body_ += ',';
    body_ += to_text(OrderedJson(name));
    body_ += ':';
}

ApiResponse answer_too_large(const RouteCall& call, std::string_view remedy) {
    return error_response(call.errors, 422,
                          fmt::format("The answer would have more than {} MB. {}",
                                      limits::k_answer_bytes_max >> 20U, remedy));
}

ApiResponse page_response(AnswerWriter answer, const Page& page, std::int64_t total_items) {
    answer.end_list();
    answer.add_members({{"meta", page_meta(page, total_items)}});
    return answer.finish();
}

}  // namespace assay
