#include "core/model/regex.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "core/base/limits.hpp"

namespace assay {
namespace {

/// Behind the character class that opens at `begin`: a first ] is one of its characters, and so is
/// that of [:alpha:].
std::size_t end_of_class(std::string_view pattern, std::size_t begin) {
    std::size_t at = begin + 1;
    if (pattern.substr(at).starts_with('^')) ++at;
    if (pattern.substr(at).starts_with(']')) ++at;
    while (at < pattern.size() && pattern[at] != ']') {
        const std::size_t named =
            pattern.substr(at).starts_with("[:") ? pattern.find(":]", at) : std::string_view::npos;
        if (named != std::string_view::npos) {
            at = named + 2;
        } else {
            at += pattern[at] == '\\' ? 2 : 1;
        }
    }
    return std::min(at + 1, pattern.size());
}

/// RE2 knows named groups only in Python's spelling.
std::string with_python_groups(std::string_view pattern) {
    std::string rewritten;
    for (std::size_t i = 0; i < pattern.size();) {
        const std::string_view rest = pattern.substr(i);
        const bool named =
            rest.starts_with("(?<") && !rest.starts_with("(?<=") && !rest.starts_with("(?<!");
        std::size_t length = 1;
        if (rest.starts_with('\\')) length = 2;
        if (rest.starts_with('[')) length = end_of_class(pattern, i) - i;
        if (named) {
            rewritten += "(?P";
            length = 2;  // "(?", and the name comes as it is
        } else {
            rewritten += rest.substr(0, length);
        }
        i += length;
    }
    return rewritten;
}

/// Look-around and back-references are what people miss most, and RE2's words for them ("invalid
/// perl operator", "invalid escape sequence") do not say why.
std::string explain(const re2::RE2& compiled) {
    const std::string& part = compiled.error_arg();
    const bool look_around =
        part.starts_with("(?=") || part.starts_with("(?!") || part.starts_with("(?<");
    if (compiled.error_code() == re2::RE2::ErrorBadPerlOp && look_around) {
        return fmt::format(
            "look-around {}...) is not available: expressions must run in linear "
            "time; match more and use a group, or `not: true`",
            part);
    }
    const bool back_reference = part.size() == 2 && part[1] >= '1' && part[1] <= '9';
    if (compiled.error_code() == re2::RE2::ErrorBadEscape && back_reference) {
        return "back-references are not available: expressions must run in linear time";
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
                                   explain(*compiled)));
    }
    return Regex(std::move(compiled));
}

bool Regex::found_in(std::string_view text) const {
    return re2::RE2::PartialMatch(text, *compiled_);
}

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
