#include "configs/located_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "configs/located_json.hpp"
#include "configs/text_places.hpp"
#include "configs/yaml_tree.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"

namespace assay {
namespace {

/// Follows the aliases and merges of a tree. What comes out is bounded: a few hundred bytes of
/// nested aliases would otherwise fill any memory.
class Expander {
  public:
    Expander(const YamlTree& tree, const DocumentContext& context, LocatedDocument& document)
        : tree_(tree), context_(context), document_(document) {}

    void expand() {
        document_.value = value_of(0, {}, 0);
        if (exhausted_) document_.value = nullptr;
    }

  private:
    using Entry = YamlNode::Entry;

    Json value_of(std::size_t index, const std::string& pointer, std::size_t depth);
    Json scalar_of(const YamlNode& node, const std::string& pointer);
    Json mapping_of(const YamlNode& node, const std::string& pointer, std::size_t depth);
    /// The entries of a mapping with those it merges; its own come first and win.
    void collect(const YamlNode& node, std::size_t depth, std::set<std::string>& seen,
                 std::vector<const Entry*>& entries);
    void merge(const Entry& entry, std::size_t depth, std::set<std::string>& seen,
               std::vector<const Entry*>& entries);
    [[nodiscard]] const YamlNode& resolved(std::size_t index) const {
        const YamlNode& node = tree_.nodes[index];
        return node.kind == YamlNode::Kind::alias ? tree_.nodes[node.target] : node;
    }
    /// False when there is no room left, which is reported once.
    bool spend(const Place& place, std::size_t depth, std::size_t bytes);
    void mistake(const Place& place, std::string message) {
        document_.diagnostics.push_back({place, std::move(message)});
    }

    const YamlTree& tree_;
    const DocumentContext& context_;
    LocatedDocument& document_;
    std::set<const YamlNode*> trapped_;  // reported once, however often they are repeated
    std::size_t nodes_ = 0;
    std::size_t bytes_ = 0;
    bool exhausted_ = false;
};

bool Expander::spend(const Place& place, std::size_t depth, std::size_t bytes) {
    if (exhausted_) return false;
    bytes_ += bytes;
    ++nodes_;
    if (depth > limits::k_yaml_depth_max) {
        mistake(place, fmt::format("nesting is deeper than {} levels", limits::k_yaml_depth_max));
    } else if (nodes_ > limits::k_yaml_nodes_max || bytes_ > limits::k_yaml_expanded_bytes_max) {
        mistake(place,
                fmt::format("the aliases of this file expand to more than {} values or {} "
                            "MB; write out less of it",
                            limits::k_yaml_nodes_max, limits::k_yaml_expanded_bytes_max >> 20U));
    } else {
        return true;
    }
    exhausted_ = true;
    return false;
}

Json Expander::value_of(std::size_t index, const std::string& pointer, std::size_t depth) {
    const YamlNode& written = tree_.nodes[index];
    const YamlNode& node = resolved(index);
    const std::size_t text_bytes =
        node.scalar.is_string() ? node.scalar.get_ref<const std::string&>().size() : 0;
    if (!spend(written.place, depth, pointer.size() + text_bytes)) return {};
    document_.places.set(pointer, written.place);
    switch (node.kind) {
        case YamlNode::Kind::scalar: return scalar_of(node, pointer);
        case YamlNode::Kind::mapping: return mapping_of(node, pointer, depth);
        case YamlNode::Kind::alias: break;  // resolved above
        case YamlNode::Kind::sequence: {
            Json items = Json::array();
            for (const Entry& entry : node.entries) {
                items.push_back(
                    value_of(entry.value, pointer_to(pointer, items.size()), depth + 1));
            }
            return items;
        }
    }
    return {};
}

Json Expander::scalar_of(const YamlNode& node, const std::string& pointer) {
    const bool is_word =
        std::ranges::find(context_.words, context_.at + pointer) != context_.words.end();
    if (!node.trap.empty() && !is_word && trapped_.insert(&node).second) {
        mistake(node.place, node.trap);
    }
    return node.scalar;
}

Json Expander::mapping_of(const YamlNode& node, const std::string& pointer, std::size_t depth) {
    std::set<std::string> seen;
    std::vector<const Entry*> entries;
    collect(node, depth, seen, entries);
    Json object = Json::object();
    for (const Entry* const entry : entries) {
        const std::string below = pointer_to(pointer, entry->key);
        document_.places.set_key(below, entry->key_place);
        object[entry->key] = value_of(entry->value, below, depth + 1);
    }
    return object;
}

void Expander::collect(const YamlNode& node, std::size_t depth, std::set<std::string>& seen,
                       std::vector<const Entry*>& entries) {
    if (!spend(node.place, depth, 0)) return;
    for (const Entry& entry : node.entries) {
        if (!entry.merge && !entry.ignored && seen.insert(entry.key).second)
            entries.push_back(&entry);
    }
    for (const Entry& entry : node.entries) {
        if (entry.merge) merge(entry, depth, seen, entries);
    }
}

void Expander::merge(const Entry& entry, std::size_t depth, std::set<std::string>& seen,
                     std::vector<const Entry*>& entries) {
    const YamlNode& source = resolved(entry.value);
    const auto is_map = [this](const Entry& item) {
        return resolved(item.value).kind == YamlNode::Kind::mapping;
    };
    if (source.kind == YamlNode::Kind::mapping) {
        collect(source, depth + 1, seen, entries);
    } else if (source.kind == YamlNode::Kind::sequence &&
               std::ranges::all_of(source.entries, is_map)) {
        for (const Entry& item : source.entries) {
            collect(resolved(item.value), depth + 1, seen, entries);
        }
    } else {
        mistake(tree_.nodes[entry.value].place,
                "`<<` merges a map or a list of maps, as in `<<: *defaults`");
    }
}

/// Bytes that no YAML text may hold; the parser would take some for the end of the file.
std::size_t find_control_character(std::string_view text) {
    const auto is_control = [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
    };
    const auto at = std::ranges::find_if(text, is_control);
    return at == text.end() ? std::string_view::npos : static_cast<std::size_t>(at - text.begin());
}

LocatedDocument parse_yaml(TextPlaces places, const DocumentContext& context) {
    LocatedDocument document;
    const std::string_view text = places.text();
    if (const std::size_t at = find_control_character(text); at != std::string_view::npos) {
        document.diagnostics.push_back(
            {places.at(at), fmt::format("the control character 0x{:02x} cannot stand in YAML; "
                                        "remove it, or write \"\\x{:02x}\" in double quotes",
                                        text[at], text[at])});
        return document;
    }
    YamlTree tree = parse_yaml_tree(std::move(places));
    document.diagnostics = std::move(tree.diagnostics);
    if (!tree.nodes.empty()) Expander(tree, context, document).expand();
    return document;
}

}  // namespace

LocatedDocument parse_located(std::string_view text, std::string_view name,
                              const DocumentContext& context) {
    constexpr std::string_view k_byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(k_byte_order_mark)) text.remove_prefix(k_byte_order_mark.size());
    TextPlaces places(text, name);
    if (const std::size_t at = find_invalid_utf8(text); at != std::string_view::npos) {
        LocatedDocument document;
        document.diagnostics.push_back(
            {places.at(at), fmt::format("the byte 0x{:02x} is not valid UTF-8; save the file as "
                                        "UTF-8",
                                        static_cast<unsigned char>(text[at]))});
        return document;
    }
    return name.ends_with(".json") ? parse_located_json(std::move(places))
                                   : parse_yaml(std::move(places), context);
}

}  // namespace assay
