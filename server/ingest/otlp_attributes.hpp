#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/json.hpp"
#include "server/ingest/otlp_span.hpp"

// How the mapping looks at attributes: by lists of keys, of which the first that says something
// counts.

namespace assay {

using OtlpKeys = std::span<const std::string_view>;

/// One span and what it stands in.
struct OtlpView {
    const Json& resource;  ///< its attributes
    const OtlpScope& scope;
    const OtlpSpan& span;

    /// Of Langfuse's own SDKs: what their spans say, they say under names of their own.
    [[nodiscard]] bool is_langfuse() const { return scope.name.starts_with("langfuse-sdk"); }
    /// Of Vercel's AI SDK.
    [[nodiscard]] bool is_ai_sdk() const { return scope.name == "ai"; }
};

/// The attribute, or null when there is none.
[[nodiscard]] const Json* find_attribute(const Json& attributes, std::string_view key);
/// The first of the attributes that says something (says_nothing()); null when none does. An empty
/// key, which fills a table's row, is no attribute.
[[nodiscard]] const Json* find_said(const Json& attributes, OtlpKeys keys);
/// The same as a text: a string as it is, anything else as JSON.
[[nodiscard]] std::optional<std::string> find_text(const Json& attributes, OtlpKeys keys);
/// The same as a whole number, which a text may hold too.
[[nodiscard]] std::optional<std::int64_t> find_integer(const Json& attributes, OtlpKeys keys);
/// Whether an attribute is true or "true".
[[nodiscard]] bool is_true(const Json& attributes, std::string_view key);

/// What JSON in a text says; any other value, and a text that is no JSON, as it is.
[[nodiscard]] Json unpacked(const Json& value);
/// The object that an attribute is or holds as JSON; nothing when it is none.
[[nodiscard]] std::optional<Json> find_object(const Json& attributes, OtlpKeys keys);

/// Calls `take(rest of the key, value)` for each attribute whose key begins with `prefix`.
template <class Take>
void each_with_prefix(const Json& attributes, std::string_view prefix, Take take) {
    const auto& members = attributes.get_ref<const Json::object_t&>();
    for (auto at = members.lower_bound(prefix); at != members.end(); ++at) {
        const std::string_view key = at->first;
        if (!key.starts_with(prefix)) return;
        take(key.substr(prefix.size()), at->second);
    }
}

}  // namespace assay
