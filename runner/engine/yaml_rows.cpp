#include "runner/engine/yaml_rows.hpp"

#include <fmt/format.h>

#include <utility>

#include "configs/located_document.hpp"

namespace assay {

Result<ParsedDocument> parse_yaml_rows(std::string_view text, std::string_view name) {
    LocatedDocument document = parse_located(text, name);
    if (!document.diagnostics.empty()) {
        return failure(ErrorCode::invalid_argument, to_string(std::move(document.diagnostics)));
    }
    ParsedDocument parsed{.value = std::move(document.value)};
    for (std::size_t i = 0; i < parsed.value.size(); ++i) {
        const int line = document.places.find(fmt::format("/{}", i)).line;
        parsed.lines.push_back(static_cast<std::uint64_t>(line));
    }
    return parsed;
}

}  // namespace assay
