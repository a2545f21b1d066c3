#pragma once

#include <string>
#include <vector>

#include "core/base/error.hpp"

namespace assay {

/// A place in a file. Line and column count from 1; 0 means "the file as a whole".
struct Place {
    std::string file;
    int line = 0;
    int column = 0;
};

/// One mistake in something a user wrote: where it is, what is wrong, what to do.
struct Diagnostic {
    Place place;
    std::string message;
};

using Diagnostics = std::vector<Diagnostic>;

/// "spec.yaml:14:9: unknown key ..."; only what is known of the place is printed.
[[nodiscard]] std::string to_string(const Diagnostic& diagnostic);

/// Sorted by place, without repeats, joined by newlines.
[[nodiscard]] std::string to_string(Diagnostics diagnostics);

/// The nearest of `known` to what the user wrote, when it is near enough to be a typing mistake;
/// else "". Distance: Damerau-Levenshtein, at most a third of the longer name.
[[nodiscard]] std::string nearest_name(std::string_view written,
                                       const std::vector<std::string>& known);

/// `; did you mean "x"?`, or "" when nothing is near.
[[nodiscard]] std::string did_you_mean(std::string_view written,
                                       const std::vector<std::string>& known);

}  // namespace assay
