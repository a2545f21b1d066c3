#include "datasets/item_mapper.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "core/base/diagnostic.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/model/json_value.hpp"

namespace assay {
namespace {

constexpr std::size_t k_id_digits = 24;

/// The name in `$.name`, or "" for any other path.
std::string plain_member(std::string_view path) {
    if (!path.starts_with("$.") || path.size() == 2) return {};
    const std::string_view name = path.substr(2);
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const bool plain =
        std::ranges::all_of(name, [&](char c) { return is_letter(c) || is_digit(c); });
    return plain && is_letter(name.front()) ? std::string(name) : std::string();
}

/// The path that selects the member, as one would write it in a spec.
std::string path_to(const std::string& member) {
    const std::string path = "$." + member;
    if (!plain_member(path).empty()) return path;
    std::string quoted;
    for (const char c : member) {
        if (c == '\'' || c == '\\') quoted.push_back('\\');
        quoted.push_back(c);
    }
    return fmt::format("$['{}']", quoted);
}

std::vector<std::string> member_names(const Json& row) {
    std::vector<std::string> names;
    for (const auto& [name, value] : row.items()) names.push_back(name);
    return names;
}

/// `it has "question", "answer"`, shortened when there are many.
std::string list_members(const std::vector<std::string>& names) {
    constexpr std::size_t k_listed_max = 12;
    if (names.empty()) return "it is empty";
    std::string list;
    for (std::size_t i = 0; i < std::min(names.size(), k_listed_max); ++i) {
        list += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", fit_width(names[i], 40));
    }
    return fmt::format("it has {}{}", list, names.size() > k_listed_max ? ", ..." : "");
}

/// The member a user most likely means by "input".
std::string guess_input(const std::vector<std::string>& names) {
    static constexpr std::array<std::string_view, 8> k_usual = {
        "question", "prompt", "query", "text", "problem", "instruction", "message", "inputs"};
    for (const std::string_view usual : k_usual) {
        if (std::ranges::find(names, usual) != names.end()) return std::string(usual);
    }
    const std::string near = nearest_name("input", names);
    return near.empty() ? names.front() : near;
}

/// The id as text, or why it is none.
Result<std::string> id_text(const Json& value, const std::string& path) {
    if (value.is_number_integer()) return to_text(value);
    if (!value.is_string()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the id \"{}\" is {}; an id is text or an integer", path,
                                   type_phrase(value)));
    }
    auto id = value.get<std::string>();
    if (id.empty()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the id \"{}\" is empty; give the row an id", path));
    }
    if (to_code_points(id).size() > limits::k_dataset_id_characters_max) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the id \"{}\" is longer than {} characters", path,
                                   limits::k_dataset_id_characters_max));
    }
    return id;
}

/// The same bytes for the same content: keys are sorted, white space is gone.
std::string canonical_content(const DatasetItem& item) {
    std::string text = R"({"expected_output":)";
    text += to_text(item.expected_output);
    text += R"(,"input":)";
    text += to_text(item.input);
    text += R"(,"metadata":)";
    text += to_text(item.metadata);
    text += '}';
    return text;
}

}  // namespace

std::string content_hash_of(const DatasetItem& item) { return sha256_hex(canonical_content(item)); }

ItemMapper::ItemMapper(const DatasetSpec& spec, ItemMapperOptions options)
    : where_(spec.where),
      options_(std::move(options)),
      input_(make_sources("input", spec.input)),
      expected_output_(make_sources("expected_output", spec.expected_output)),
      metadata_(make_sources("metadata", spec.metadata)),
      id_(make_source("id", spec.id)),
      cluster_(make_source("cluster", spec.cluster)) {
    const bool row_is_needed = options_.keep_row || where_ || options_.filter;
    move_members_ = !row_is_needed && members_are_distinct();
}

ItemMapper::Source ItemMapper::make_source(std::string name, std::string field, JsonPath path) {
    std::string member = plain_member(path.text());
    return {std::move(name), std::move(field), std::move(path), std::move(member), true, false};
}

ItemMapper::Sources ItemMapper::make_sources(const std::string& name,
                                             const std::optional<MappingSpec>& mapping) {
    Sources sources;
    if (!mapping) {
        auto path = JsonPath::parse("$." + name);
        ASSAY_ASSERT(path.has_value(), "a default mapping is a valid path");
        sources.push_back(make_source(name, "", std::move(*path)));
        sources.back().written = false;
        return sources;
    }
    if (mapping->path) sources.push_back(make_source(name, "", *mapping->path));
    for (const auto& [field, path] : mapping->fields) {
        sources.push_back(make_source(name + "." + field, field, path));
    }
    return sources;
}

std::optional<ItemMapper::Source> ItemMapper::make_source(std::string name,
                                                          const std::optional<JsonPath>& path) {
    if (!path) return std::nullopt;
    return make_source(std::move(name), "", *path);
}

bool ItemMapper::members_are_distinct() const {
    std::set<std::string_view> members;
    for (const Sources* sources : {&input_, &expected_output_, &metadata_}) {
        for (const Source& source : *sources) {
            if (source.member.empty() || !members.insert(source.member).second) return false;
        }
    }
    return true;
}

Result<const Json*> ItemMapper::find(Source& source, const Json& row, Json& scratch) {
    ASSAY_TRY(const Json* const found, source.path.value(row, scratch));
    source.selected = source.selected || found != nullptr;
    return found;
}

Result<Json> ItemMapper::take(Source& source, Json& row) const {
    if (move_members_) {
        const auto member = row.find(source.member);
        if (member == row.end()) return Json();
        source.selected = true;
        return std::move(*member);
    }
    Json scratch;
    ASSAY_TRY(const Json* const found, find(source, row, scratch));
    return found == nullptr ? Json() : *found;
}

Result<Json> ItemMapper::take(Sources& sources, Json& row) const {
    const bool is_whole = sources.size() == 1 && sources.front().field.empty();
    if (is_whole) return take(sources.front(), row);
    Json object;
    for (Source& source : sources) {
        ASSAY_TRY(Json value, take(source, row));
        if (!value.is_null()) object[source.field] = std::move(value);
    }
    return object;
}

Result<std::string> ItemMapper::read_id(const Json& row) {
    Json scratch;
    ASSAY_TRY(const Json* const id, find(*id_, row, scratch));
    if (id != nullptr) return id_text(*id, id_->path.text());
    return failure(ErrorCode::invalid_argument,
                   fmt::format("the id \"{}\" selects nothing in this row; {}", id_->path.text(),
                               list_members(member_names(row))));
}

/// As the spec says, or of each row that is as it was exported.
bool ItemMapper::has_id(const Json& row) const {
    if (!id_ || !options_.as_exported) return id_.has_value();
    const auto id = row.find(id_->member);
    return id != row.end() && !id->is_null();
}

Result<void> ItemMapper::fill(DatasetItem& item, Json& row) {
    // The cluster is read first: the others may be moved out of the row.
    if (cluster_) {
        Json scratch;
        ASSAY_TRY(const Json* const cluster, find(*cluster_, row, scratch));
        if (cluster != nullptr && !cluster->is_null()) item.cluster = as_text(*cluster);
    }
    ASSAY_TRY(item.input, take(input_, row));
    ASSAY_TRY(item.expected_output, take(expected_output_, row));
    ASSAY_TRY(item.metadata, take(metadata_, row));
    return {};
}

ItemMapper::Mapped ItemMapper::map(Json row, std::uint64_t line) {
    if (members_.empty()) members_ = member_names(row);
    Mapped mapped;
    DatasetItem& item = mapped.item;
    item.line = line;
    const bool is_id_given = has_id(row);
    if (is_id_given) {
        auto id = read_id(row);
        if (id) item.id = DatasetItemId(std::move(*id));
        if (!id) mapped.problem = std::move(id.error().message);
    }
    if (auto filled = fill(item, row); !filled) {
        mapped.problem = std::move(filled.error().message);
        return mapped;
    }
    const Sha256Digest digest = sha256(canonical_content(item));
    item.content_hash = to_hex(digest);
    if (!is_id_given) item.id = DatasetItemId(item.content_hash.substr(0, k_id_digits));
    mapped.fingerprint = Fingerprint::of(id_ ? sha256(item.id.value()) : digest);

    mapped.left_out = (where_ && !passes(*where_, row, item)) ||
                      (options_.filter && !passes(*options_.filter, row, item));
    if (mapped.left_out) return mapped;
    const bool is_input_given =
        !item.input.is_null() || (options_.as_exported && row.contains("input"));
    if (mapped.problem.empty() && !is_input_given) mapped.problem = missing_input(row);
    if (options_.keep_row) item.row = std::move(row);
    return mapped;
}

bool ItemMapper::passes(const Filter& filter, const Json& row, const DatasetItem& item) const {
    const Json id(item.id.value());
    return filter.matches([&](const std::vector<std::string>& path) -> const Json* {
        const auto below = [&path](const Json& value) {
            return value.is_null() ? nullptr : find_path(value, path, 1);
        };
        const std::string& head = path.front();
        if (head == "input") return below(item.input);
        if (head == "expected_output") return below(item.expected_output);
        if (head == "metadata") return below(item.metadata);
        if (head == "id" && !row.contains("id")) return below(id);
        return find_path(row, path);
    });
}

std::string ItemMapper::missing_input(const Json& row) const {
    const std::vector<std::string> names = member_names(row);
    if (input_.size() != 1 || !input_.front().field.empty()) {
        return fmt::format("none of the paths of input selects anything in this row; {}",
                           list_members(names));
    }
    const Source& source = input_.front();
    if (!source.member.empty() && row.contains(source.member)) {
        return fmt::format(
            "the input \"{}\" is null in this row; give it a value, or leave the row "
            "out with `where`",
            source.path.text());
    }
    if (source.written) {
        return fmt::format("the input \"{}\" selects nothing in this row; {}{}", source.path.text(),
                           list_members(names), did_you_mean(source.member, names));
    }
    if (names.empty()) return "the row has no \"input\"; it is empty";
    if (options_.as_exported) {
        return fmt::format("the row has no \"input\"; {}: rename the one to use, e.g. \"{}\"",
                           list_members(names), guess_input(names));
    }
    return fmt::format(
        "the row has no \"input\"; {}: name the one to use in the spec's dataset, e.g. "
        "input: \"{}\"",
        list_members(names), path_to(guess_input(names)));
}

std::vector<std::string> ItemMapper::unused_paths() const {
    std::vector<std::string> sentences;
    const auto look_at = [&](const Source& source) {
        const bool told_by_rows = source.name == "input";  // each of them lacks its input
        if (!source.written || source.selected || told_by_rows) return;
        sentences.push_back(fmt::format("the path of {}, \"{}\", selects nothing in any row{}",
                                        source.name, source.path.text(),
                                        did_you_mean(source.member, members_)));
    };
    for (const Sources* sources : {&input_, &expected_output_, &metadata_}) {
        std::ranges::for_each(*sources, look_at);
    }
    if (cluster_) look_at(*cluster_);
    return sentences;
}

}  // namespace assay
