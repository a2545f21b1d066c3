#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace re2 {
class RE2;
}

namespace assay {

/// A compiled RE2 pattern with a memory bound: linear time on any input. Cheap to copy, safe to
/// use from several threads.
class Regex {
  public:
    struct Options {
        bool ignore_case = false;
    };
    /// `(?<name>...)` is accepted as `(?P<name>...)`.
    /// @error invalid_argument in plain words; look-around and back-references are named as what
    ///        they are and why they are not available.
    static Result<Regex> compile(std::string_view pattern, Options options);
    static Result<Regex> compile(std::string_view pattern) { return compile(pattern, Options{}); }

    /// Whether the pattern is found anywhere in `text`.
    [[nodiscard]] bool found_in(std::string_view text) const;
    /// Whether the pattern matches all of `text`.
    [[nodiscard]] bool matches_all(std::string_view text) const;
    /// The first group of the first match; the whole match when the pattern has no group; nothing
    /// when it is not found.
    [[nodiscard]] std::optional<std::string_view> extract(std::string_view text) const;
    /// The same of the last match, for answers that stand behind their reasoning. Matches do not
    /// overlap; one that is empty, or in which the group took no part, replaces no earlier one.
    /// @error resource_exhausted when the matches times the text behind them exceed
    ///        limits::k_regex_search_bytes_max: only one search is linear, a series is not.
    [[nodiscard]] Result<std::optional<std::string_view>> extract_last(std::string_view text) const;
    [[nodiscard]] const std::string& pattern() const;

  private:
    explicit Regex(std::shared_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}
    std::shared_ptr<const re2::RE2> compiled_;  // shared by copies: immutable
};

}  // namespace assay
