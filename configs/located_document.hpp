#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "configs/spec.hpp"
#include "core/base/diagnostic.hpp"
#include "core/base/json.hpp"

namespace assay {

/// A YAML or JSON text as JSON values, with the place of every key and value and every trap found
/// on the way (SPEC 1.1): duplicate keys, a second document, cyclic or exploding aliases, unquoted
/// `{{`, and plain words such as `no` or `017` that mean one thing to one reader of YAML and
/// another to the next. `value` is null when there are diagnostics that leave nothing to read.
struct LocatedDocument {
    Json value;
    SourceMap places;
    Diagnostics diagnostics;
};

/// What a text is part of.
struct DocumentContext {
    std::string at = {};                  ///< pointer of the text's value in the document
    std::vector<std::string> words = {};  ///< pointers at which `off` and its like mean themselves
};

/// Plain words have the core types of YAML 1.2; `<<` merges are applied. Bounded by the YAML limits
/// of core/base/limits.hpp.
/// @param name  how the file is called in messages; one that ends in ".json" holds JSON.
[[nodiscard]] LocatedDocument parse_located(std::string_view text, std::string_view name,
                                            const DocumentContext& context = {});

}  // namespace assay
