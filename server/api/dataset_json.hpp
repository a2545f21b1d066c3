#pragma once

#include <optional>
#include <utility>

#include "core/base/json.hpp"
#include "server/api/route.hpp"
#include "server/resources/dataset_items.hpp"
#include "server/resources/dataset_runs.hpp"
#include "server/resources/dataset_store.hpp"

// What the handlers of datasets, their items and their runs share: how they are told.

namespace assay {

[[nodiscard]] OrderedJson to_json(const ProjectId& project, const DatasetRecord& dataset);
[[nodiscard]] OrderedJson to_json(const DatasetItemRecord& item);
[[nodiscard]] OrderedJson to_json(const DatasetRunRecord& run);
[[nodiscard]] OrderedJson to_json(const RunItemRecord& item, const DatasetRunRecord& run);

/// The project's dataset of that name.
/// @error not_found, the same for a dataset of others and for none.
[[nodiscard]] Result<DatasetRecord> dataset_named(Session& session, std::int64_t project,
                                                  std::string_view name);

/// The JSON object that a body is. What is nearly right in it is mended, see parse_client_json().
/// @error invalid_argument, its message for the sender.
[[nodiscard]] Result<Json> parse_client_object(const ApiRequest& request);
/// A member's value when the body has the member, be it null; else nothing.
template <class Value>
[[nodiscard]] std::optional<Value> given(const Json& body, const char* name, Value value) {
    if (!body.contains(name)) return std::nullopt;
    return std::optional<Value>(std::in_place, std::move(value));
}

}  // namespace assay
