#include "runner/report/json_fields.hpp"

#include <fmt/format.h>

namespace assay {
namespace {

/// The member; nullptr when it is missing.
const Json* member(const Json& object, const char* key) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
}

std::unexpected<Error> wrong(const Json* value, const char* key, const char* expected) {
    return failure(ErrorCode::invalid_argument,
                   value == nullptr ? fmt::format("`{}` is missing", key)
                                    : fmt::format("`{}` is {} where {} belongs", key,
                                                  type_phrase(*value), expected));
}

}  // namespace

Result<std::string> text_at(const Json& object, const char* key) {
    const Json* const value = member(object, key);
    if (value == nullptr || !value->is_string()) return wrong(value, key, "a string");
    return value->get<std::string>();
}

Result<std::string> optional_text_at(const Json& object, const char* key) {
    const Json* const value = member(object, key);
    if (value == nullptr || value->is_null()) return std::string();
    return text_at(object, key);
}

Result<std::uint64_t> count_at(const Json& object, const char* key) {
    const Json* const value = member(object, key);
    if (value == nullptr || !value->is_number_unsigned()) {
        return wrong(value, key, "a whole number of at least 0");
    }
    return value->get<std::uint64_t>();
}

Result<std::optional<double>> optional_number_at(const Json& object, const char* key) {
    const Json* const value = member(object, key);
    if (value == nullptr || value->is_null()) return std::nullopt;
    if (!value->is_number()) return wrong(value, key, "a number");
    return value->get<double>();
}

Result<const Json*> array_at(const Json& object, const char* key) {
    const Json* const value = member(object, key);
    if (value == nullptr || !value->is_array()) return wrong(value, key, "an array");
    return value;
}

Result<const Json*> object_at(const Json& object, const char* key) {
    const Json* const value = member(object, key);
    if (value == nullptr || !value->is_object()) return wrong(value, key, "an object");
    return value;
}

std::unexpected<Error> at_place(const std::string& place, Error error) {
    error.message = fmt::format("{}: {}", place, error.message);
    return std::unexpected(std::move(error));
}

}  // namespace assay
