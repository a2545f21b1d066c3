#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "server/client/api_client.hpp"

// Members of what an API answered. A server may leave out what it does not know and add what we do
// not: a member of another type than the one that is asked for is none.

namespace assay {

[[nodiscard]] std::optional<std::string> text_of(const OrderedJson& object, const char* name);
[[nodiscard]] std::optional<double> number_of(const OrderedJson& object, const char* name);
[[nodiscard]] std::optional<std::int64_t> integer_of(const OrderedJson& object, const char* name);
/// RFC 3339.
[[nodiscard]] std::optional<Time> time_of(const OrderedJson& object, const char* name);
/// The texts of a list.
[[nodiscard]] std::vector<std::string> texts_of(const OrderedJson& object, const char* name);
/// The elements of a list.
[[nodiscard]] const std::vector<OrderedJson>& list_of(const OrderedJson& object, const char* name);

/// A text that must be there.
/// @param what  what the object is, e.g. "a dataset"; `client` is who gave it.
/// @error unavailable
[[nodiscard]] Result<std::string> needed_text(const OrderedJson& object, const char* name,
                                              std::string_view what, const ApiClient& client);

}  // namespace assay
