#pragma once

#include <string>
#include <string_view>

#include "core/base/json.hpp"
#include "server/api/http_message.hpp"
#include "server/api/paging.hpp"
#include "server/api/route.hpp"

namespace assay {

/// The body of an answer with a list, written while the list is read: as values, what is nested in
/// inputs and outputs would take many times the size of its text.
class AnswerWriter {
  public:
    /// The members of an object, as members of the answer.
    void add_members(const OrderedJson& object);
    /// A list as the next member. What is added from now on are its elements.
    void begin_list(std::string_view name);
    /// @return false when the answer would have more than k_answer_bytes_max: nothing is added.
    [[nodiscard]] bool add(const OrderedJson& element);
    void end_list();
    [[nodiscard]] ApiResponse finish();

  private:
    void begin_member(std::string_view name);

    std::string body_ = "{";
    bool has_elements_ = false;  ///< the list that was begun last
};

/// 422: what was asked for does not fit in one answer.
/// @param remedy  what to ask for instead: a sentence.
[[nodiscard]] ApiResponse answer_too_large(const RouteCall& call, std::string_view remedy);
/// Ends the list, and the answer, with the page's meta.
[[nodiscard]] ApiResponse page_response(AnswerWriter answer, const Page& page,
                                        std::int64_t total_items);

}  // namespace assay
