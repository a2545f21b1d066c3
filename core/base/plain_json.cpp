#include "core/base/plain_json.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "core/base/text.hpp"

namespace assay {
namespace {

constexpr std::ptrdiff_t k_integer_digits_max = 18;  // these fit into 64 bits

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads from the front; every step is false when the text is not plain.
class PlainReader {
  public:
    PlainReader(std::string_view text, std::size_t depth_max)
        : at_(text.data()), end_(text.data() + text.size()), depth_left_(depth_max) {}

    bool document(Json& into) {
        skip_space();
        if (!value(into)) return false;
        skip_space();
        return at_ == end_;
    }

  private:
    bool value(Json& into);
    bool object(Json& into);
    bool array(Json& into);
    bool number(Json& into);
    bool text(std::string& into);
    bool escape(std::string& into);

    void skip_space() {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    }
    [[nodiscard]] bool next_is(char c) const { return at_ != end_ && *at_ == c; }
    bool take(char c) {
        if (!next_is(c)) return false;
        ++at_;
        return true;
    }
    bool take(std::string_view word) {
        if (!std::string_view(at_, end_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }
    bool take_digits() {
        const char* const begin = at_;
        at_ = std::find_if_not(at_, end_, is_digit);
        return at_ != begin;
    }

    const char* at_;
    const char* end_;
    std::size_t depth_left_;
};

bool PlainReader::value(Json& into) {
    if (at_ == end_) return false;
    switch (*at_) {
        case '{': return object(into);
        case '[': return array(into);
        case '"': into = std::string(); return text(into.get_ref<std::string&>());
        case 't': into = true; return take("true");
        case 'f': into = false; return take("false");
        case 'n': into = nullptr; return take("null");
        default: return number(into);
    }
}

bool PlainReader::object(Json& into) {
    ++at_;
    if (depth_left_ == 0) return false;
    --depth_left_;
    into = Json::object();
    auto& members = into.get_ref<Json::object_t&>();
    skip_space();
    bool more = !next_is('}');
    while (more) {
        std::string name;
        if (!next_is('"') || !text(name)) return false;
        const auto [member, fresh] = members.try_emplace(std::move(name));
        skip_space();
        if (!fresh || !take(':')) return false;
        skip_space();
        if (!value(member->second)) return false;
        skip_space();
        more = take(',');
        if (more) skip_space();
    }
    ++depth_left_;
    return take('}');
}

bool PlainReader::array(Json& into) {
    ++at_;
    if (depth_left_ == 0) return false;
    --depth_left_;
    into = Json::array();
    auto& elements = into.get_ref<Json::array_t&>();
    skip_space();
    bool more = !next_is(']');
    while (more) {
        if (!value(elements.emplace_back())) return false;
        skip_space();
        more = take(',');
        if (more) skip_space();
    }
    ++depth_left_;
    return take(']');
}

bool PlainReader::number(Json& into) {
    const char* const begin = at_;
    const bool negative = take('-');
    const char* const digits = at_;
    if (!take_digits() || (*digits == '0' && at_ - digits > 1)) return false;
    const bool fits = at_ - digits <= k_integer_digits_max;
    bool whole = true;
    if (take('.')) {
        whole = false;
        if (!take_digits()) return false;
    }
    if (take('e') || take('E')) {
        whole = false;
        if (!take('+')) (void)take('-');
        if (!take_digits()) return false;
    }
    if (whole && !fits) return false;
    const auto parse = [&](auto number) {
        const auto [end, error] = std::from_chars(begin, at_, number);
        into = number;
        return error == std::errc() && end == at_;
    };
    if (!whole) return parse(0.0);
    return negative ? parse(std::int64_t{0}) : parse(std::uint64_t{0});
}

bool PlainReader::text(std::string& into) {
    ++at_;
    const char* const begin = at_;
    bool ascii = true;
    while (true) {
        const char* const piece = at_;
        for (; at_ != end_ && *at_ != '"' && *at_ != '\\'; ++at_) {
            const auto byte = static_cast<unsigned char>(*at_);
            if (byte < 0x20) return false;
            ascii = ascii && byte < 0x80;
        }
        into.append(piece, at_);
        if (take('"')) break;
        if (!take('\\') || !escape(into)) return false;
    }
    return ascii || find_invalid_utf8({begin, at_}) == std::string_view::npos;
}

bool PlainReader::escape(std::string& into) {
    constexpr std::string_view k_written = "\"\\/bfnrt";
    constexpr std::string_view k_meant = "\"\\/\b\f\n\r\t";
    const std::size_t which = at_ == end_ ? std::string_view::npos : k_written.find(*at_);
    if (which == std::string_view::npos) return false;
    into += k_meant[which];
    ++at_;
    return true;
}

}  // namespace

std::optional<Json> read_plain_json(std::string_view text, std::size_t depth_max) {
    std::optional<Json> value(std::in_place);
    if (!PlainReader(text, depth_max).document(*value)) value.reset();
    return value;
}

}  // namespace assay
