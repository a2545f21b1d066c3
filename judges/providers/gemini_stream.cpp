#include "judges/providers/gemini_stream.hpp"

#include "judges/providers/reply_json.hpp"

namespace assay {
namespace {

bool is_content(const Json& part) {
    const Json* const thought = member(part, "thought");
    if (thought != nullptr && *thought == true) return false;
    return !text_member(part, "text").empty() || member(part, "functionCall") != nullptr;
}

}  // namespace

/// The counts of usage are those so far, so the last ones hold; the other members repeat.
void GeminiStream::take_event(std::string_view /*type*/, const Json& data) {
    if (!data.is_object()) return;
    for (const auto& [name, value] : data.items()) {
        if (name != "candidates") whole_[name] = value;
    }
    const Json* const feedback = member(data, "promptFeedback");
    if (feedback != nullptr && member(*feedback, "blockReason") != nullptr) is_complete_ = true;
    const Json& candidates = list_member(data, "candidates");
    if (!candidates.empty()) take_candidate(candidates.front());
}

void GeminiStream::take_candidate(const Json& candidate) {
    if (!candidate.is_object()) return;
    for (const auto& [name, value] : candidate.items()) {
        if (name != "content") candidate_[name] = value;
    }
    if (member(candidate, "finishReason") != nullptr) is_complete_ = true;
    const Json* const content = member(candidate, "content");
    if (content == nullptr) return;
    for (const Json& part : list_member(*content, "parts")) {
        if (is_content(part)) note_content();
        parts_.push_back(part);
    }
}

Json GeminiStream::assembled() const {
    Json whole = whole_;
    Json candidates = Json::array();
    if (!candidate_.empty() || !parts_.empty()) {
        Json candidate = candidate_;
        candidate["content"] = {{"role", "model"}, {"parts", parts_}};
        candidates.push_back(std::move(candidate));
    }
    whole["candidates"] = std::move(candidates);
    return whole;
}

}  // namespace assay
