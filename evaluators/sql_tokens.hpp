#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"

namespace assay {

/// The tokens of a text in SQL, in a form that is the same for texts that differ only in what
/// cannot change their meaning:
///
/// - comments and white space are gone, and so are semicolons at the end;
/// - letters outside quotes are small;
/// - an identifier in "…", `…` or […] that needs no quotes (small letters, digits and _, and no
///   reserved word) is without them; quotes around others become "…";
/// - != is <>;
/// - 007, .5, 1.50 and 1E+3 are 7, 0.5, 1.5 and 1e3. 1.0 and 1 stay two numbers: they divide
///   differently.
///
/// "…" is an identifier, as the standard says, and a backslash is no escape except in E'…'; $$…$$
/// is a text. Comments do not nest; what MySQL executes in /*! … */ is kept as one token.
/// @error invalid_argument when a quote, bracket or comment is not closed; resource_exhausted for
///        more than limits::k_sql_bytes_max.
[[nodiscard]] Result<std::vector<std::string>> sql_tokens(std::string_view sql);

}  // namespace assay
