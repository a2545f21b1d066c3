#include "core/model/regex.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include "core/base/limits.hpp"

namespace assay {
namespace {

/// RE2 knows named groups only in Python's spelling.
std::string with_python_groups(std::string_view pattern) {
    std::string rewritten;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        rewritten.push_back(pattern[i]);
        if (pattern[i] == '\\' && i + 1 < pattern.size()) {
            rewritten.push_back(pattern[++i]);
            continue;
        }
        const std::string_view rest = pattern.substr(i);
        const bool named = rest.starts_with("(?<") && rest.size() > 3 && rest[3] != '=' &&
                           rest[3] != '!';
        if (named) {
            rewritten += "?P";
            ++i;
        }
    }
    return rewritten;
}

std::string explain(std::string_view pattern, const re2::RE2& compiled) {
    for (const std::string_view look : {"(?=", "(?!", "(?<=", "(?<!"}) {
        if (pattern.find(look) == std::string_view::npos) continue;
        return fmt::format("look-around ({}...) is not available: expressions must run in linear "
                           "time; match more and use a group, or `not: true`",
                           look);
    }
    if (compiled.error_code() == re2::RE2::ErrorBadEscape) {
        const std::string& escape = compiled.error_arg();
        const bool back_reference = escape.size() == 2 && escape[1] >= '1' && escape[1] <= '9';
        if (back_reference) {
            return "back-references are not available: expressions must run in linear time";
        }
    }
    return compiled.error();
}

}  // namespace

Result<Regex> Regex::compile(std::string_view pattern, Options options) {
    if (pattern.size() > limits::k_regex_pattern_bytes_max) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the regular expression is longer than {} bytes",
                                   limits::k_regex_pattern_bytes_max));
    }
    re2::RE2::Options settings;
    settings.set_log_errors(false);
    settings.set_max_mem(limits::k_regex_memory_bytes_max);
    settings.set_case_sensitive(!options.ignore_case);
    auto compiled = std::make_shared<const re2::RE2>(with_python_groups(pattern), settings);
    if (!compiled->ok()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the regular expression \"{}\" is not valid: {}", pattern,
                                   explain(pattern, *compiled)));
    }
    return Regex(std::move(compiled));
}

bool Regex::found_in(std::string_view text) const { return re2::RE2::PartialMatch(text, *compiled_); }

bool Regex::matches_all(std::string_view text) const {
    return re2::RE2::FullMatch(text, *compiled_);
}

std::optional<std::string_view> Regex::extract(std::string_view text) const {
    re2::StringPiece groups[2];
    const int wanted = compiled_->NumberOfCapturingGroups() > 0 ? 2 : 1;
    const re2::StringPiece subject(text.data(), text.size());
    if (!compiled_->Match(subject, 0, text.size(), re2::RE2::UNANCHORED, groups, wanted)) {
        return std::nullopt;
    }
    const re2::StringPiece& found = groups[wanted - 1];
    return std::string_view(found.data() == nullptr ? "" : found.data(), found.size());
}

Result<std::optional<std::string_view>> Regex::extract_last(std::string_view text) const {
    const int wanted = compiled_->NumberOfCapturingGroups() > 0 ? 2 : 1;
    // A null pointer would look like a group that took no part.
    const re2::StringPiece subject(text.empty() ? "" : text.data(), text.size());
    re2::StringPiece groups[2];
    std::optional<std::string_view> last;
    std::size_t searched_bytes = 0;
    std::size_t at = 0;
    while (at <= text.size() &&
           compiled_->Match(subject, at, text.size(), re2::RE2::UNANCHORED, groups, wanted)) {
        const re2::StringPiece& match = groups[0];
        const re2::StringPiece& found = groups[wanted - 1];
        const bool replaces = !last || !match.empty();
        if (found.data() != nullptr && replaces) last.emplace(found.data(), found.size());
        searched_bytes += text.size() - at;
        if (searched_bytes > limits::k_regex_search_bytes_max) {
            return failure(ErrorCode::resource_exhausted,
                           fmt::format("the regular expression \"{}\" matches too often in a text "
                                       "of {} bytes; write it so that it matches only the answer",
                                       pattern(), text.size()));
        }
        const auto end = static_cast<std::size_t>(match.data() - subject.data()) + match.size();
        at = match.empty() ? end + 1 : end;
    }
    return last;
}

const std::string& Regex::pattern() const { return compiled_->pattern(); }

}  // namespace assay
