#pragma once

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "core/base/text.hpp"
#include "datasets/dataset.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay::test {

/// Every row of a file: the row as JSON text, or its place and problem as "4:7: problem".
inline std::vector<std::string> read_rows(const std::filesystem::path& path,
                                          const DocumentParser& parse_yaml = {}) {
    auto reader = open_rows(path, parse_yaml);
    if (!reader) FAIL(reader.error().message);
    std::vector<std::string> rows;
    while (true) {
        auto row = (*reader)->next();
        if (!row) FAIL(row.error().message);
        if (!*row) return rows;
        const RowReader::Row& read = **row;
        if (read.problem.empty()) {
            rows.push_back(fmt::format("{} {}", read.line, to_text(read.value)));
            continue;
        }
        const std::uint64_t line = read.problem_line == 0 ? read.line : read.problem_line;
        rows.push_back(read.problem_column == 0
                           ? fmt::format("{}: {}", line, read.problem)
                           : fmt::format("{}:{}: {}", line, read.problem_column, read.problem));
    }
}

inline JsonPath json_path(const std::string& text) {
    auto path = JsonPath::parse(text);
    if (!path) FAIL(path.error().message);
    return *path;
}

inline MappingSpec mapping(const std::string& path) {
    MappingSpec spec;
    spec.path = json_path(path);
    return spec;
}

inline Filter filter(const std::string& text) {
    auto parsed = Filter::parse(text);
    if (!parsed) FAIL(parsed.error().message);
    return *parsed;
}

/// A dataset in a folder of its own, read through both passes.
struct Fixture {
    TemporaryFolder folder;
    DatasetSpec spec;
    DatasetSelection selection;
    DatasetOptions options;
    Dataset::ItemCheck check;

    Fixture(const std::string& name, const std::string& content) {
        spec.file = name;
        spec.path = folder.write(name, content);
    }

    [[nodiscard]] Dataset open() const {
        auto dataset = Dataset::open(spec, selection, options);
        if (!dataset) FAIL(dataset.error().message);
        return std::move(*dataset);
    }

    /// The diagnostics of the validation pass as they are printed, without the folder's name.
    [[nodiscard]] std::vector<std::string> problems() const {
        Dataset dataset = open();
        Diagnostics diagnostics;
        const auto facts = dataset.validate(check, diagnostics);
        if (!facts) FAIL(facts.error().message);
        std::vector<std::string> lines;
        const std::string text = to_string(diagnostics);
        for (const std::string_view line : split(text, '\n')) {
            lines.emplace_back(line.substr(folder.path().string().size() + 1));
        }
        return lines;
    }

    [[nodiscard]] DatasetFacts facts() const {
        Dataset dataset = open();
        return validated(dataset);
    }

    [[nodiscard]] DatasetFacts validated(Dataset& dataset) const {
        Diagnostics diagnostics;
        const auto facts = dataset.validate(check, diagnostics);
        if (!facts) FAIL(facts.error().message);
        REQUIRE(to_string(diagnostics) == "");
        return *facts;
    }

    [[nodiscard]] std::vector<DatasetItem> items() const {
        Dataset dataset = open();
        const DatasetFacts facts = validated(dataset);
        std::vector<DatasetItem> items = drain(dataset);
        REQUIRE(items.size() == facts.items);
        return items;
    }

    static std::vector<DatasetItem> drain(const Dataset& dataset) {
        auto source = dataset.items();
        if (!source) FAIL(source.error().message);
        std::vector<DatasetItem> items;
        while (true) {
            auto item = (*source)->next();
            if (!item) FAIL(item.error().message);
            if (!*item) return items;
            items.push_back(std::move(**item));
        }
    }

    /// The inputs of the selected items, in order, as text.
    [[nodiscard]] std::vector<std::string> inputs() const {
        std::vector<std::string> inputs;
        for (const DatasetItem& item : items()) inputs.push_back(as_text(item.input));
        return inputs;
    }
};

using Lines = std::vector<std::string>;

}  // namespace assay::test
