#include "core/model/json_value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace assay {
namespace {

/// A long double has 64 bits of mantissa or more on the platforms we build for, so every integer
/// and every double is exact in it.
long double exact_number(const Json& value) {
    if (value.is_number_unsigned()) return static_cast<long double>(value.get<std::uint64_t>());
    if (value.is_number_integer()) return static_cast<long double>(value.get<std::int64_t>());
    return static_cast<long double>(value.get<double>());
}

bool equal_objects(const Json& a, const Json& b) {
    // Both are sorted by key, so equal objects are equal pair by pair.
    return std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(),
                      [](const auto& left, const auto& right) {
                          return left.key() == right.key() &&
                                 json_equal(left.value(), right.value());
                      });
}

}  // namespace

std::partial_ordering compare_numbers(const Json& a, const Json& b) {
    return exact_number(a) <=> exact_number(b);
}

std::string canonical_number(const Json& number) {
    if (!number.is_number_float()) return to_text(number);
    const auto value = number.get<double>();
    if (!std::isfinite(value)) return fmt::format("{}", value);
    // Beyond 64 bits no integer is equal to it.
    if (value != std::trunc(value) || value < -0x1p63 || value >= 0x1p64) return to_text(number);
    return value < 0 ? fmt::format("{}", static_cast<std::int64_t>(value))
                     : fmt::format("{}", static_cast<std::uint64_t>(value));
}

bool json_equal(const Json& a, const Json& b) {
    if (a.is_number() && b.is_number()) return compare_numbers(a, b) == 0;
    if (a.type() != b.type()) return false;
    if (a.is_array()) return std::ranges::equal(a, b, json_equal);
    if (a.is_object()) return equal_objects(a, b);
    return a == b;
}

const Json* find_member(const Json& value, const std::string& name) {
    if (value.is_object()) {
        const auto found = value.find(name);
        return found == value.end() ? nullptr : &*found;
    }
    const bool leading_zero = name.size() > 1 && name.front() == '0';
    if (!value.is_array() || name.empty() || leading_zero) return nullptr;
    std::size_t index = 0;
    const char* const last = name.data() + name.size();
    const auto [end, error] = std::from_chars(name.data(), last, index);
    if (error != std::errc() || end != last || index >= value.size()) return nullptr;
    return &value[index];
}

const Json* find_path(const Json& value, const std::vector<std::string>& path, std::size_t first) {
    const Json* found = &value;
    for (std::size_t i = first; i < path.size() && found != nullptr; ++i) {
        found = find_member(*found, path[i]);
    }
    return found;
}

}  // namespace assay
