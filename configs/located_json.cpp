#include "configs/located_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/base/limits.hpp"

namespace assay {
namespace {

/// Walks over a text that is known to be JSON and notes where every key and value begins: the JSON
/// library does not say.
class JsonWalker {
  public:
    JsonWalker(TextPlaces places, LocatedDocument& document)
        : places_(std::move(places)), text_(places_.text()), document_(document) {}

    void walk() {
        value({});
        if (exhausted_) document_.value = nullptr;
    }

  private:
    // Recursion is bounded: the text has passed parse_json's limit on depth.
    void value(const std::string& pointer);
    void object(const std::string& pointer);
    void array(const std::string& pointer);
    std::string key();
    void skip_space() { at_ = text_.find_first_not_of(" \t\r\n", at_); }
    void skip_string() {
        for (++at_; text_[at_] != '"'; ++at_) {
            if (text_[at_] == '\\') ++at_;
        }
        ++at_;
    }
    /// Steps over a separator or the closing bracket; true when there is another element.
    bool next_element() {
        skip_space();
        return text_[at_++] == ',';
    }
    [[nodiscard]] bool is_empty(char closing) {
        ++at_;
        skip_space();
        if (text_[at_] != closing) return false;
        ++at_;
        return true;
    }
    bool spend(const std::string& pointer);

    TextPlaces places_;
    std::string_view text_;
    LocatedDocument& document_;
    std::size_t at_ = 0;
    std::size_t nodes_ = 0;
    std::size_t bytes_ = 0;
    bool exhausted_ = false;
};

/// False when the document is too large for its places to be kept.
bool JsonWalker::spend(const std::string& pointer) {
    if (exhausted_) return false;
    bytes_ += pointer.size();
    ++nodes_;
    exhausted_ = nodes_ > limits::k_yaml_nodes_max || bytes_ > limits::k_yaml_expanded_bytes_max;
    if (exhausted_) {
        document_.diagnostics.push_back(
            {places_.at(at_), fmt::format("there are more than {} values in this file; a dataset "
                                          "of that size belongs into a .jsonl file",
                                          limits::k_yaml_nodes_max)});
    }
    return !exhausted_;
}

void JsonWalker::value(const std::string& pointer) {
    skip_space();
    if (!spend(pointer)) return;
    document_.places.set(pointer, places_.at(at_));
    switch (text_[at_]) {
        case '{': object(pointer); break;
        case '[': array(pointer); break;
        case '"': skip_string(); break;
        default: at_ = std::min(text_.find_first_of(" \t\r\n,]}", at_), text_.size());
    }
}

void JsonWalker::object(const std::string& pointer) {
    if (is_empty('}')) return;
    std::set<std::string> seen;
    do {
        skip_space();
        const Place place = places_.at(at_);
        const std::string name = key();
        if (!seen.insert(name).second) {
            document_.diagnostics.push_back(
                {place, fmt::format("the key \"{}\" stands twice in one object", name)});
        }
        const std::string below = pointer_to(pointer, name);
        document_.places.set_key(below, place);
        value(below);
        if (exhausted_) return;
    } while (next_element());
}

void JsonWalker::array(const std::string& pointer) {
    if (is_empty(']')) return;
    std::size_t index = 0;
    do {
        value(pointer_to(pointer, index++));
        if (exhausted_) return;
    } while (next_element());
}

/// The key, with its escapes read, and the position behind the colon.
std::string JsonWalker::key() {
    const std::size_t begin = at_;
    skip_string();
    const auto written = parse_json(text_.substr(begin, at_ - begin));
    skip_space();
    ++at_;
    ASSAY_ASSERT(written && written->is_string(), "the text is JSON, so its keys are strings");
    return written->get<std::string>();
}

}  // namespace

LocatedDocument parse_located_json(TextPlaces places) {
    LocatedDocument document;
    auto parsed = parse_json_part(places.text());
    if (!parsed) {
        const JsonError& error = parsed.error();
        document.diagnostics.push_back(
            {{places.name(), static_cast<int>(error.line), static_cast<int>(error.column)},
             "this is not valid JSON: " + error.message});
        return document;
    }
    document.value = std::move(*parsed);
    JsonWalker(std::move(places), document).walk();
    return document;
}

}  // namespace assay
