#include <fmt/format.h>

#include "configs/spec_parts.hpp"

namespace assay {
namespace {

std::optional<JsonPath> read_path(const SpecReader& map, std::string_view key) {
    const auto member = map.find(key);
    return member ? read_json_path(*member) : std::nullopt;
}

std::optional<MappingSpec> read_mapping(const SpecReader& map, std::string_view key) {
    const auto member = map.find(key);
    if (!member) return std::nullopt;
    MappingSpec mapping{.pointer = member->pointer()};
    if (member->value().is_string()) {
        mapping.path = read_json_path(*member);
    } else if (member->value().is_object()) {
        for (const auto& [name, field] : member->members()) {
            if (auto path = read_json_path(field)) mapping.fields.emplace(name, std::move(*path));
        }
    } else {
        member->wrong_type("a JSONPath such as \"$.question\", or a map of names to JSONPaths");
    }
    return mapping;
}

std::optional<SampleSpec> read_sample(const SpecReader& sample) {
    if (!sample.expect_map({.names = {"size", "seed"}})) return std::nullopt;
    SampleSpec read;
    if (const auto size = sample.require("size")) read.size = size->whole(1).value_or(0);
    if (const auto seed = sample.find("seed")) read.seed = seed->whole(0).value_or(0);
    return read;
}

std::optional<Filter> read_where(const SpecReader& where) {
    const auto text = where.text();
    if (!text) return std::nullopt;
    // A row's fields have any name, so there is no list of heads to hold the condition against.
    auto filter = Filter::parse(*text);
    if (filter) return std::move(*filter);
    where.mistake(fmt::format("{}: {}", where.title(), filter.error().message));
    return std::nullopt;
}

void read_file_name(const SpecReader& file, const SpecFiles& files, DatasetSpec& dataset) {
    const auto written = file.text();
    if (!written) return;
    dataset.file = *written;
    if (auto path = files.locate(file, *written)) dataset.path = std::move(*path);
}

/// A stored dataset has items already: its rows are {id, input, expected_output, metadata}.
void read_stored(const SpecReader& dataset, const SpecReader& name, DatasetSpec& read) {
    for (const char* const key : {"file", "input", "expected_output", "metadata", "id"}) {
        const auto member = dataset.find(key);
        if (!member) continue;
        member->mistake(
            fmt::format("{} goes with a file; the items of a stored dataset (`name`) "
                        "are taken as they are",
                        member->title()));
    }
    read.name = name.text().value_or("");
    read.path = read.name;
    read.id = JsonPath::parse("$.id").value();
    const auto version = dataset.find("version");
    const auto text = version ? version->text() : std::nullopt;
    if (!text) return;
    if (const auto time = parse_rfc3339(*text)) {
        read.version = *time;
    } else {
        version->mistake(fmt::format("{}: {}", version->title(), time.error().message));
    }
}

}  // namespace

DatasetSpec read_dataset(const SpecReader& dataset, SpecFiles& files) {
    DatasetSpec read;
    if (dataset.value().is_string()) {
        read_file_name(dataset, files, read);
        return read;
    }
    if (!dataset.value().is_object()) {
        dataset.wrong_type("the name of a file or a map with the key `file`");
        return read;
    }
    (void)dataset.expect_map(
        {.names = {"file", "name", "version", "input", "expected_output", "id", "metadata",
                   "cluster", "where", "limit", "sample", "input_schema"}});
    if (const auto name = dataset.find("name")) {
        read_stored(dataset, *name, read);
    } else {
        if (const auto file = dataset.require("file")) read_file_name(*file, files, read);
        if (const auto version = dataset.find("version")) {
            version->mistake(fmt::format("{} goes with a stored dataset (`name`), not with a file",
                                         version->title()));
        }
        read.input = read_mapping(dataset, "input");
        read.expected_output = read_mapping(dataset, "expected_output");
        read.metadata = read_mapping(dataset, "metadata");
        read.id = read_path(dataset, "id");
    }
    read.cluster = read_path(dataset, "cluster");
    if (const auto where = dataset.find("where")) read.where = read_where(*where);
    if (const auto limit = dataset.find("limit")) read.limit = limit->whole(1);
    if (const auto sample = dataset.find("sample")) read.sample = read_sample(*sample);
    if (const auto schema = dataset.find("input_schema")) {
        read.input_schema = files.schema_or_file(*schema).value_or(nullptr);
    }
    return read;
}

}  // namespace assay
