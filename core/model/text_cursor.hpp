#pragma once

// What the parsers of this folder share. Private to the folder.

#include <optional>
#include <string>
#include <string_view>

namespace assay {

/// A place in a text that is read from left to right.
class TextCursor {
  public:
    explicit TextCursor(std::string_view whole, std::size_t at = 0) : whole_(whole), at_(at) {}

    [[nodiscard]] std::string_view whole() const { return whole_; }
    [[nodiscard]] std::size_t at() const { return at_; }
    [[nodiscard]] bool at_end() const { return at_ == whole_.size(); }
    [[nodiscard]] std::string_view rest() const { return whole_.substr(at_); }
    [[nodiscard]] std::string_view since(std::size_t begin) const {
        return whole_.substr(begin, at_ - begin);
    }
    /// The next character; a zero byte at the end.
    [[nodiscard]] char next() const { return at_end() ? '\0' : whole_[at_]; }
    [[nodiscard]] bool sees(std::string_view token) const { return rest().starts_with(token); }

    void move_to(std::size_t at) { at_ = at; }
    void skip(std::size_t count) { at_ += count; }
    bool take(std::string_view token) {
        if (!sees(token)) return false;
        skip(token.size());
        return true;
    }
    /// The run of characters from here on that `belongs` accepts; perhaps empty.
    template <class Predicate>
    std::string_view take_while(Predicate belongs) {
        const std::size_t begin = at_;
        while (!at_end() && belongs(whole_[at_])) ++at_;
        return since(begin);
    }
    /// The text in the quotes that open here; the quote itself is written twice in it. Nothing, and
    /// no move, when the closing one is missing.
    std::optional<std::string> take_quoted() {
        const std::string_view quote = rest().substr(0, 1);
        std::string text;
        for (std::size_t at = at_ + 1;;) {
            const std::size_t end = whole_.find(quote, at);
            if (end == std::string_view::npos) return std::nullopt;
            text += whole_.substr(at, end - at);
            at = end + 2;
            if (!whole_.substr(end + 1).starts_with(quote)) {
                at_ = end + 1;
                return text;
            }
            text += quote;
        }
    }

  private:
    std::string_view whole_;
    std::size_t at_;
};

}  // namespace assay
