#include "evaluators/json_schema_validator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "evaluators/json_schema/compiler.hpp"
#include "evaluators/json_schema/validation.hpp"

namespace assay {
namespace {

bool is_deeper(const Json& value, std::size_t depth_max) {
    std::vector<std::pair<const Json*, std::size_t>> pending = {{&value, 1}};
    while (!pending.empty()) {
        const auto [at, depth] = pending.back();
        pending.pop_back();
        if (!at->is_structured()) continue;
        if (depth > depth_max) return true;
        for (const Json& inner : *at) pending.emplace_back(&inner, depth + 1);
    }
    return false;
}

std::vector<std::string> tokens_of(std::string_view pointer) {
    std::vector<std::string> tokens;
    if (pointer.empty()) return tokens;
    for (const std::string_view escaped : split(pointer.substr(1), '/')) {
        std::string& token = tokens.emplace_back();
        for (std::size_t i = 0; i < escaped.size(); ++i) {
            const bool escape = escaped[i] == '~' && i + 1 < escaped.size();
            token.push_back(escape ? (escaped[++i] == '1' ? '/' : '~') : escaped[i]);
        }
    }
    return tokens;
}

std::optional<std::size_t> as_index(const std::string& token) {
    std::size_t index = 0;
    const char* const end = token.data() + token.size();
    const auto [stop, error] = std::from_chars(token.data(), end, index);
    if (token.empty() || stop != end || error != std::errc{}) return std::nullopt;
    return index;
}

/// A name as RFC 9535 quotes it.
std::string quoted_name(const std::string& name) {
    std::string quoted = "['";
    for (const char c : name) {
        if (c == '\'' || c == '\\') quoted.push_back('\\');
        quoted.push_back(c);
    }
    return quoted + "']";
}

bool is_shorthand(const std::string& name) {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
               static_cast<unsigned char>(c) >= 0x80U;
    };
    return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9');
    });
}

/// The order of two places in one instance: items by number, properties by name.
bool stands_before(const std::string& a, const std::string& b) {
    return std::ranges::lexicographical_compare(
        tokens_of(a), tokens_of(b), [](const std::string& left, const std::string& right) {
            const auto left_index = as_index(left);
            const auto right_index = as_index(right);
            if (left_index && right_index) return *left_index < *right_index;
            return left < right;
        });
}

std::vector<JsonSchema::Violation> in_order_of_instance(
    std::vector<JsonSchema::Violation> violations) {
    std::vector<std::size_t> order(violations.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
        if (violations[a].pointer == violations[b].pointer) return a < b;
        return stands_before(violations[a].pointer, violations[b].pointer);
    });
    std::vector<JsonSchema::Violation> ordered;
    ordered.reserve(order.size());
    for (const std::size_t i : order) ordered.push_back(std::move(violations[i]));
    return ordered;
}

std::unexpected<Error> exhausted() {
    return failure(
        ErrorCode::resource_exhausted,
        fmt::format("the JSON Schema needs more than {} levels of recursion or {} steps for this "
                    "value; look for a \"$ref\" that leads back to itself",
                    limits::k_json_schema_depth_max, limits::k_json_schema_steps_max));
}

}  // namespace

struct JsonSchema::State {
    Json document;
    json_schema::CompiledSchema compiled;
};

JsonSchema::JsonSchema(std::unique_ptr<State> state) : state_(std::move(state)) {}
JsonSchema::JsonSchema(JsonSchema&&) noexcept = default;
JsonSchema& JsonSchema::operator=(JsonSchema&&) noexcept = default;
JsonSchema::~JsonSchema() = default;

Result<JsonSchema> JsonSchema::compile(const Json& schema) {
    if (is_deeper(schema, limits::k_json_depth_max)) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the JSON Schema is nested deeper than {} levels",
                                   limits::k_json_depth_max));
    }
    auto state = std::make_unique<State>();
    state->document = schema;
    ASSAY_TRY(state->compiled, json_schema::compile(state->document));
    return JsonSchema(std::move(state));
}

Result<std::vector<JsonSchema::Violation>> JsonSchema::validate(const Json& instance,
                                                                std::size_t violations_max) const {
    // Most instances are valid: the first pass only decides, the second finds the words.
    json_schema::Validation decision(state_->compiled);
    const bool valid = decision.is_valid(instance);
    if (decision.exhausted()) return exhausted();
    if (valid) return std::vector<Violation>{};
    json_schema::Validation explanation(state_->compiled);
    std::vector<Violation> violations = explanation.violations(instance, violations_max);
    if (explanation.exhausted()) return exhausted();
    return in_order_of_instance(std::move(violations));
}

std::string to_string(const JsonSchema::Violation& violation) {
    std::string path = "$";
    for (const std::string& token : tokens_of(violation.pointer)) {
        if (as_index(token)) {
            path += fmt::format("[{}]", token);
        } else if (is_shorthand(token)) {
            path += fmt::format(".{}", token);
        } else {
            path += quoted_name(token);
        }
    }
    return fmt::format("{}: {}", path, violation.message);
}

}  // namespace assay
