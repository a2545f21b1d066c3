#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "core/model/filter.hpp"
#include "core/model/json_path.hpp"

namespace assay {

struct SampleSpec {
    std::uint64_t size = 0;
    std::uint64_t seed = 0;
};

/// A value taken from a row: one path, or a map of name -> path that builds an object.
struct MappingSpec {
    std::optional<JsonPath> path;
    std::map<std::string, JsonPath> fields;
    std::string pointer;  ///< into the spec, for messages
};

/// The `dataset` of a spec: where the rows are and how a row becomes an item.
struct DatasetSpec {
    std::string file;  ///< as written, relative to the spec; "" = a stored dataset
    std::string name;  ///< of the stored dataset
    /// The stored dataset as it was then; nothing: as it is when the run begins.
    std::optional<Time> version;
    std::filesystem::path path;  ///< of a stored dataset: its name, for messages
    std::optional<MappingSpec> input;            ///< default: $.input
    std::optional<MappingSpec> expected_output;  ///< default: $.expected_output
    std::optional<MappingSpec> metadata;         ///< default: $.metadata
    std::optional<JsonPath> id;                  ///< default: a hash of the content
    std::optional<JsonPath> cluster;
    std::optional<Filter> where;
    std::optional<std::uint64_t> limit;
    std::optional<SampleSpec> sample;
    Json input_schema;  ///< null when there is none
};

}  // namespace assay
