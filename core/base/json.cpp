#include "core/base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <utility>
#include <vector>

#include "core/base/plain_json.hpp"
#include "core/base/text.hpp"

namespace assay {
namespace {

struct LineColumn {
    std::size_t line = 1;
    std::size_t column = 1;
};

LineColumn locate(std::string_view text, std::size_t offset) {
    LineColumn place;
    for (std::size_t i = 0; i < offset && i < text.size(); ++i) {
        if (text[i] == '\n') {
            ++place.line;
            place.column = 1;
        } else {
            ++place.column;
        }
    }
    return place;
}

/// Builds the value while it refuses what the library would accept and later choke on.
class GuardedBuilder final : public Json::json_sax_t {
  public:
    explicit GuardedBuilder(const JsonLimits& limits) : limits_(limits) {}

    bool null() override { return add(Json(nullptr)); }
    bool boolean(bool value) override { return add(Json(value)); }
    bool number_integer(number_integer_t value) override { return add(Json(value)); }
    bool number_unsigned(number_unsigned_t value) override { return add(Json(value)); }
    bool number_float(number_float_t value, const string_t& text) override {
        if (text.find_first_of(".eE") == std::string::npos) {
            return fail(fmt::format("the integer {} does not fit in 64 bits; write it as a string",
                                    text.substr(0, 40)));
        }
        return add(Json(value));
    }
    bool string(string_t& value) override { return add(Json(std::move(value))); }
    bool binary(binary_t& /*value*/) override { return fail("binary values are not JSON"); }

    bool start_object(std::size_t /*size*/) override { return open(Json::object()); }
    bool start_array(std::size_t /*size*/) override { return open(Json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool key(string_t& name) override {
        Json& object = *open_.back();
        if (!limits_.allow_duplicate_keys && object.contains(name)) {
            return fail(fmt::format("the key \"{}\" stands twice in one object", name));
        }
        slot_ = &object[name];
        return true;
    }

    bool parse_error(std::size_t position, const std::string& /*token*/,
                     const Json::exception& error) override {
        if (message_.empty()) {
            offset_ = position;
            message_ = explain(error);
        }
        return false;
    }

    Json root;

    [[nodiscard]] const std::string& message() const { return message_; }
    [[nodiscard]] std::size_t offset() const { return offset_; }

  private:
    static std::string explain(const Json::exception& error) {
        // The library's text is "[json.exception.parse_error.101] parse error at line 1, column 2:
        // syntax error while parsing value - unexpected ..."; the last part is what people need.
        std::string text = error.what();
        // The text that was read so far may be a whole book.
        if (text.size() > 300) text.resize(std::min(text.find("; last read: "), text.size()));
        if (error.id == 406) return "a number is too large for a double";
        const auto cut = text.find(" - ");
        if (cut != std::string::npos) return text.substr(cut + 3);
        const auto colon = text.rfind(": ");
        return colon == std::string::npos ? text : text.substr(colon + 2);
    }

    bool fail(std::string message) {
        message_ = std::move(message);
        return false;
    }

    Json* place(Json value) {
        if (open_.empty()) {
            root = std::move(value);
            return &root;
        }
        if (open_.back()->is_array()) {
            open_.back()->push_back(std::move(value));
            return &open_.back()->back();
        }
        *slot_ = std::move(value);
        return slot_;
    }

    bool add(Json value) {
        place(std::move(value));
        return true;
    }

    bool open(Json container) {
        if (open_.size() >= limits_.depth_max) {
            return fail(fmt::format("nesting is deeper than {} levels", limits_.depth_max));
        }
        open_.push_back(place(std::move(container)));
        return true;
    }

    bool close() {
        open_.pop_back();
        return true;
    }

    JsonLimits limits_;
    std::vector<Json*> open_;
    Json* slot_ = nullptr;
    std::string message_;
    std::size_t offset_ = 0;
};

template <class AnyJson>
std::string dump(const AnyJson& value, int indent) {
    return value.dump(indent, ' ', false, AnyJson::error_handler_t::replace);
}

/// What follows the backslash for a byte within quotes: 0 = it stands for itself, 'u' = its number.
constexpr std::array<char, 256> k_escapes = [] {
    std::array<char, 256> escapes{};
    std::fill_n(escapes.begin(), 0x20, 'u');
    escapes['\b'] = 'b';
    escapes['\t'] = 't';
    escapes['\n'] = 'n';
    escapes['\f'] = 'f';
    escapes['\r'] = 'r';
    escapes['"'] = '"';
    escapes['\\'] = '\\';
    return escapes;
}();

/// Whether none of eight bytes has to be escaped. A subtraction borrows from the next byte only
/// where a byte is found, so it may find too many and never too few.
bool is_plain(std::uint64_t bytes) {
    constexpr std::uint64_t k_each = 0x0101010101010101U;
    constexpr std::uint64_t k_high_bits = 0x80U * k_each;
    const auto below = [](std::uint64_t word, std::uint64_t limit) {
        return (word - limit * k_each) & ~word;
    };
    const std::uint64_t found =
        below(bytes, 0x20) | below(bytes ^ '"' * k_each, 1) | below(bytes ^ '\\' * k_each, 1);
    return (found & k_high_bits) == 0;
}

/// Where the next byte stands that has to be escaped, or the end.
std::size_t skip_plain(std::string_view text, std::size_t at) {
    std::uint64_t bytes = 0;
    for (; at + sizeof(bytes) <= text.size(); at += sizeof(bytes)) {
        std::memcpy(&bytes, text.data() + at, sizeof(bytes));
        if (!is_plain(bytes)) break;
    }
    while (at < text.size() && k_escapes[static_cast<unsigned char>(text[at])] == 0) ++at;
    return at;
}

void append_escaped(std::string& out, std::string_view text) {
    std::size_t begin = 0;
    for (std::size_t i = skip_plain(text, 0); i < text.size(); i = skip_plain(text, begin)) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const char escape = k_escapes[byte];
        out.append(text, begin, i - begin);
        begin = i + 1;
        out += '\\';
        out += escape;
        if (escape == 'u') fmt::format_to(std::back_inserter(out), "{:04x}", byte);
    }
    out.append(text, begin);
}

void append_text(std::string& out, const std::string& text) {
    if (find_invalid_utf8(text) != std::string_view::npos) {
        out += dump(Json(text), -1);  // the library replaces what is not UTF-8
        return;
    }
    out += '"';
    append_escaped(out, text);
    out += '"';
}

template <class Integer>
void append_integer(std::string& out, Integer value) {
    const fmt::format_int digits(value);
    out.append(digits.data(), digits.size());
}

/// Compact JSON, byte for byte what the library writes, in half its time: the library takes every
/// byte of a text through a table and allocates for each value it is asked for.
template <class AnyJson>
void append_json(std::string& out, const AnyJson& value) {
    const char* separator = "";
    switch (value.type()) {
        case AnyJson::value_t::object:
            out += '{';
            for (const auto& [name, member] :
                 value.template get_ref<const typename AnyJson::object_t&>()) {
                out += std::exchange(separator, ",");
                append_text(out, name);
                out += ':';
                append_json(out, member);
            }
            out += '}';
            return;
        case AnyJson::value_t::array:
            out += '[';
            for (const AnyJson& element : value) {
                out += std::exchange(separator, ",");
                append_json(out, element);
            }
            out += ']';
            return;
        case AnyJson::value_t::string:
            append_text(out, value.template get_ref<const std::string&>());
            return;
        case AnyJson::value_t::null: out += "null"; return;
        case AnyJson::value_t::boolean:
            out += value.template get<bool>() ? "true" : "false";
            return;
        case AnyJson::value_t::number_integer:
            append_integer(out, value.template get<std::int64_t>());
            return;
        case AnyJson::value_t::number_unsigned:
            append_integer(out, value.template get<std::uint64_t>());
            return;
        default: out += dump(value, -1);
    }
}

template <class AnyJson>
std::string compact(const AnyJson& value) {
    std::string text;
    append_json(text, value);
    return text;
}

}  // namespace

std::expected<Json, JsonError> parse_json_part(std::string_view text, const JsonLimits& limits) {
    if (auto value = read_plain_json(text, limits.depth_max)) return std::move(*value);
    GuardedBuilder builder(limits);
    if (Json::sax_parse(text.begin(), text.end(), &builder)) {
        // The library takes a zero byte for the end of the text, whatever follows it.
        const std::size_t zero = text.find('\0');
        if (zero == std::string_view::npos) return std::move(builder.root);
        const LineColumn at = locate(text, zero);
        return std::unexpected(JsonError{at.line, at.column, "a zero byte is not JSON"});
    }
    if (builder.offset() == 0) return std::unexpected(JsonError{0, 0, builder.message()});
    const LineColumn at = locate(text, builder.offset() - 1);
    return std::unexpected(JsonError{at.line, at.column, builder.message()});
}

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
    auto parsed = parse_json_part(text, limits);
    if (parsed) return std::move(*parsed);
    const JsonError& error = parsed.error();
    if (error.line == 0) return failure(ErrorCode::invalid_argument, error.message);
    return failure(ErrorCode::invalid_argument,
                   fmt::format("line {}, column {}: {}", error.line, error.column, error.message));
}

std::string to_text(const Json& value) { return compact(value); }
std::string to_text(const OrderedJson& value) { return compact(value); }
std::string to_pretty_text(const Json& value) { return dump(value, 2) + "\n"; }
std::string to_pretty_text(const OrderedJson& value) { return dump(value, 2) + "\n"; }

std::string as_text(const Json& value) {
    return value.is_string() ? value.get<std::string>() : to_text(value);
}

std::string_view as_text(const Json& value, std::string& scratch) {
    if (value.is_string()) return value.get_ref<const std::string&>();
    scratch = to_text(value);
    return scratch;
}

std::string_view type_phrase(const Json& value) {
    switch (value.type()) {
        case Json::value_t::null: return "null";
        case Json::value_t::boolean: return "a boolean";
        case Json::value_t::string: return "a string";
        case Json::value_t::object: return "an object";
        case Json::value_t::array: return "an array";
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned: return "an integer";
        case Json::value_t::number_float: return "a number";
        default: return "an unknown value";
    }
}

}  // namespace assay
