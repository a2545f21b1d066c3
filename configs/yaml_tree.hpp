#pragma once

#include <string>
#include <vector>

#include "configs/text_places.hpp"
#include "core/base/diagnostic.hpp"
#include "core/base/json.hpp"

namespace assay {

/// A node of a YAML text as it is written: aliases and `<<` merges are not yet followed.
struct YamlNode {
    enum class Kind : std::uint8_t { scalar, sequence, mapping, alias };
    struct Entry {
        std::string key;  ///< mappings only
        Place key_place;
        bool merge = false;     ///< the key is `<<`
        bool ignored = false;   ///< the key is no text, which is reported
        std::size_t value = 0;  ///< index of a node
    };
    Kind kind = Kind::scalar;
    Place place;
    Json scalar;
    std::string trap;  ///< scalar: why this plain word is refused, "" = it is not
    std::vector<Entry> entries;
    std::size_t target = 0;  ///< alias: the node it stands for, which is complete, so never a cycle
};

struct YamlTree {
    std::vector<YamlNode> nodes;  ///< the first is the root; empty when the text holds no value
    Diagnostics diagnostics;
};

/// Parses the first document of a text; a second one is a mistake. Stops at a syntax error and at
/// the limits for nodes and depth; all other mistakes are collected.
[[nodiscard]] YamlTree parse_yaml_tree(TextPlaces places);

}  // namespace assay
