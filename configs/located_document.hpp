#pragma once

#include <filesystem>
#include <string_view>

#include "configs/spec.hpp"
#include "core/base/diagnostic.hpp"
#include "core/base/json.hpp"

namespace assay {

/// A YAML or JSON text as JSON values, with the place of every value and every trap found on the
/// way (SPEC 1.1): duplicate keys, a second document, cyclic or exploding aliases, unquoted
/// `{{`, and plain words such as `no` or `017` that YAML 1.1 would turn into something else (they
/// stay text or are reported, by `diagnostics`).
struct LocatedDocument {
    Json value;
    SourceMap places;
    Diagnostics diagnostics;
};

/// `<<` merges are applied. Bounded by the YAML limits of core/base/limits.hpp.
/// @param name  how the file is called in messages.
[[nodiscard]] LocatedDocument parse_located(std::string_view text, std::string_view name);

}  // namespace assay
