#pragma once

#include <string>
#include <string_view>

namespace assay::json_schema {

/// A URI reference cut at its "#".
struct SplitUri {
    std::string_view base;
    std::string_view fragment;  ///< without the "#", still percent-encoded
};
[[nodiscard]] SplitUri split_fragment(std::string_view uri);

/// The reference resolved against the base, both without fragment (RFC 3986, section 5.2). The
/// base may itself be relative or empty, as the address of a schema without `$id` is.
[[nodiscard]] std::string resolve_uri(std::string_view base, std::string_view reference);

/// "%25" becomes "%"; what is not a valid escape stays.
[[nodiscard]] std::string percent_decoded(std::string_view text);

}  // namespace assay::json_schema
