#include "server/ingest/client_json.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "core/base/text.hpp"

namespace assay {
namespace {

constexpr std::string_view k_replacement = "\uFFFD";

/// Takes the digits at the front off. @return whether there were any.
bool skip_digits(std::string_view& text) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(digits);
    return digits > 0;
}

/// Whether it is written as RFC 8259 wants a number to be.
bool is_number(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    if (text.starts_with('0')) {
        text.remove_prefix(1);
    } else if (!skip_digits(text)) {
        return false;
    }
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        if (!skip_digits(text)) return false;
    }
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
        if (!skip_digits(text)) return false;
    }
    return text.empty();
}

bool is_out_of_range(std::string_view number) {
    const char* end = number.data() + number.size();
    if (number.find_first_of(".eE") != std::string_view::npos) {
        double value = 0;
        return std::from_chars(number.data(), end, value).ec == std::errc::result_out_of_range;
    }
    std::int64_t negative = 0;
    std::uint64_t positive = 0;
    const auto read = number.starts_with('-') ? std::from_chars(number.data(), end, negative)
                                              : std::from_chars(number.data(), end, positive);
    return read.ec == std::errc::result_out_of_range;
}

/// Copies a JSON text and mends it on the way. What is no JSON is copied as it is.
class Mender {
  public:
    explicit Mender(std::string_view text) : text_(text) {}

    std::string mend() {
        while (at_ < text_.size()) copy_next();
        return std::move(mended_);
    }

  private:
    void copy_next() {
        const char first = text_[at_];
        if (first == '"') return copy_string();
        if (first == '-' || (first >= '0' && first <= '9')) return copy_number();
        if (first == '{' || first == '[') {
            if (depth_ >= limits::k_json_depth_max) return quote_container();
            ++depth_;
        }
        if ((first == '}' || first == ']') && depth_ > 0) --depth_;
        mended_ += first;
        ++at_;
    }

    /// Where the string that begins at `begin` ends, behind its quote.
    [[nodiscard]] std::size_t end_of_string(std::size_t begin) const {
        for (std::size_t i = begin + 1; i < text_.size(); ++i) {
            if (text_[i] == '\\') {
                ++i;
            } else if (text_[i] == '"') {
                return i + 1;
            }
        }
        return text_.size();
    }

    void copy_string() {
        const std::size_t end = end_of_string(at_);
        while (at_ < end) {
            const std::size_t escape = std::min(text_.find('\\', at_), end);
            mended_ += text_.substr(at_, escape - at_);
            at_ = escape;
            if (at_ < end) copy_escape();
        }
    }

    /// The UTF-16 unit of the "\uXXXX" at `at`.
    [[nodiscard]] std::optional<unsigned> unit_at(std::size_t at) const {
        if (!text_.substr(std::min(at, text_.size())).starts_with("\\u")) return std::nullopt;
        const std::string_view digits = text_.substr(at + 2, 4);
        unsigned unit = 0;
        const char* end = digits.data() + digits.size();
        const auto read = std::from_chars(digits.data(), end, unit, 16);
        if (digits.size() != 4 || read.ptr != end || read.ec != std::errc()) return std::nullopt;
        return unit;
    }

    void copy_escape() {
        const auto unit = unit_at(at_);
        std::size_t length = unit ? 6 : 2;
        const bool is_high = unit && *unit >= 0xD800 && *unit < 0xDC00;
        const bool is_low = unit && *unit >= 0xDC00 && *unit < 0xE000;
        const auto next = is_high ? unit_at(at_ + 6) : std::nullopt;
        if (next && *next >= 0xDC00 && *next < 0xE000) {
            length = 12;
        } else if (is_high || is_low) {
            mended_ += k_replacement;
            at_ += 6;
            return;
        }
        length = std::min(length, text_.size() - at_);
        mended_ += text_.substr(at_, length);
        at_ += length;
    }

    void copy_number() {
        std::size_t end = at_;
        while (end < text_.size() && std::string_view("+-.eE0123456789").contains(text_[end])) {
            ++end;
        }
        const std::string_view number = text_.substr(at_, end - at_);
        const bool is_lost = is_number(number) && is_out_of_range(number);
        if (is_lost) mended_ += '"';
        mended_ += number;
        if (is_lost) mended_ += '"';
        at_ = end;
    }

    /// The container that begins here as a string: its JSON. What it encloses is not looked at.
    void quote_container() {
        std::size_t open = 0;
        std::size_t end = at_;
        while (end < text_.size()) {
            const char next = text_[end];
            if (next == '"') {
                end = end_of_string(end);
                continue;
            }
            ++end;
            if (next == '{' || next == '[') ++open;
            if ((next == '}' || next == ']') && --open == 0) break;
        }
        mended_ += to_text(Json(std::string(text_.substr(at_, end - at_))));
        at_ = end;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
    std::string mended_;
};

}  // namespace

Result<Json> parse_client_json(std::string_view text) {
    auto parsed = parse_json(text);
    if (parsed) return parsed;
    std::string valid;
    if (find_invalid_utf8(text) != std::string_view::npos) {
        valid = to_valid_utf8(text);
        text = valid;
    }
    // The first error tells where in the text that was sent.
    if (auto mended = parse_json(Mender(text).mend())) return mended;
    return parsed;
}

}  // namespace assay
