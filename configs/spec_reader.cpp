#include "configs/spec_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "core/base/text.hpp"

namespace assay {
namespace {

bool is_index(std::string_view step) {
    return !step.empty() && std::ranges::all_of(step, [](char c) { return c >= '0' && c <= '9'; });
}

std::string unescaped(std::string_view step) {
    std::string name;
    for (std::size_t i = 0; i < step.size(); ++i) {
        const bool escape = step[i] == '~' && i + 1 < step.size();
        name += !escape ? step[i] : step[i + 1] == '1' ? '/' : '~';
        if (escape) ++i;
    }
    return name;
}

std::string title_of(std::string_view pointer) {
    if (pointer.empty()) return "the file";
    std::string title;
    for (const std::string_view step : split(pointer.substr(1), '/')) {
        if (is_index(step)) {
            title += fmt::format("[{}]", step);
        } else {
            title += (title.empty() ? "" : ".") + unescaped(step);
        }
    }
    return '`' + title + '`';
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

/// In YAML's words; a number is short enough to be shown.
std::string described(const Json& value) {
    if (value.is_object()) return "a map";
    if (value.is_array()) return "a list";
    return value.is_number() ? to_text(value) : std::string(type_phrase(value));
}

std::string hint_for(std::string_view written, const KnownNames& known) {
    std::vector<std::string> all = known.names;
    std::ranges::copy(known.later, std::back_inserter(all));
    const std::string nearest = did_you_mean(written, all);
    if (!nearest.empty()) return nearest;
    return fmt::format("; known here: {}", fmt::join(known.names, ", "));
}

/// "" when the name is known.
std::string problem_of_name(std::string_view what, const std::string& name,
                            const KnownNames& known) {
    if (contains(known.names, name)) return {};
    if (contains(known.later, name)) {
        return fmt::format("the {} \"{}\" is not available yet", what, name);
    }
    return fmt::format("unknown {} \"{}\"{}", what, name, hint_for(name, known));
}

}  // namespace

std::string SpecReader::title() const { return title_of(pointer_); }

void SpecReader::mistake(std::string message) const {
    source_.diagnostics->push_back({place(), std::move(message)});
}

void SpecReader::mistake_at_key(std::string message) const {
    source_.diagnostics->push_back({source_.places->find_key(pointer_), std::move(message)});
}

void SpecReader::wrong_type(std::string_view wanted) const {
    mistake(fmt::format("{} must be {}, not {}", title(), wanted, described(*value_)));
}

void SpecReader::not_available() const {
    mistake_at_key(fmt::format("{} is not available yet", title()));
}

bool SpecReader::expect_map() const {
    if (!value_->is_object()) wrong_type("a map");
    return value_->is_object();
}

bool SpecReader::expect_list() const {
    if (!value_->is_array()) wrong_type("a list");
    return value_->is_array();
}

bool SpecReader::expect_map(const KnownNames& known) const {
    if (!expect_map()) return false;
    for (const auto& [key, member] : members()) {
        if (contains(known.names, key)) continue;
        if (contains(known.later, key)) {
            member.not_available();
        } else if (pointer_.empty()) {
            member.mistake_at_key(fmt::format("unknown key \"{}\"{}", key, hint_for(key, known)));
        } else {
            member.mistake_at_key(
                fmt::format("unknown key \"{}\" in {}{}", key, title(), hint_for(key, known)));
        }
    }
    return true;
}

bool SpecReader::expect_name(std::string_view what, const std::string& name,
                             const KnownNames& known) const {
    std::string problem = problem_of_name(what, name, known);
    if (problem.empty()) return true;
    mistake(std::move(problem));
    return false;
}

std::optional<SpecReader> SpecReader::find(std::string_view key) const {
    if (!value_->is_object()) return std::nullopt;
    const auto at = value_->find(key);
    if (at == value_->end()) return std::nullopt;
    return SpecReader(*at, pointer_to(pointer_, key), source_);
}

std::optional<SpecReader> SpecReader::require(std::string_view key) const {
    auto found = find(key);
    if (!found) mistake_at_key(fmt::format("{} needs the key `{}`", title(), key));
    return found;
}

SpecReader SpecReader::at(std::size_t index) const {
    return {value_->at(index), pointer_to(pointer_, index), source_};
}

std::vector<SpecReader> SpecReader::items() const {
    std::vector<SpecReader> items;
    for (std::size_t i = 0; value_->is_array() && i < value_->size(); ++i) items.push_back(at(i));
    return items;
}

std::vector<std::pair<std::string, SpecReader>> SpecReader::members() const {
    std::vector<std::pair<std::string, SpecReader>> members;
    if (!value_->is_object()) return members;
    for (const auto& [key, value] : value_->items()) {
        members.emplace_back(key, SpecReader(value, pointer_to(pointer_, key), source_));
    }
    return members;
}

std::optional<std::string> SpecReader::text() const {
    if (!value_->is_string()) {
        wrong_type("a string");
        return std::nullopt;
    }
    if (trim(value_->get_ref<const std::string&>()).empty()) {
        mistake(fmt::format("{} must not be empty", title()));
        return std::nullopt;
    }
    return value_->get<std::string>();
}

std::optional<bool> SpecReader::boolean() const {
    if (value_->is_boolean()) return value_->get<bool>();
    wrong_type("true or false");
    return std::nullopt;
}

std::optional<std::uint64_t> SpecReader::whole(std::uint64_t low, std::uint64_t high) const {
    const bool negative = value_->is_number_integer() && !value_->is_number_unsigned() &&
                          value_->get<std::int64_t>() < 0;
    const bool readable = value_->is_number_integer() && !negative;
    const std::uint64_t number = readable ? value_->get<std::uint64_t>() : 0;
    if (readable && number >= low && number <= high) return number;
    wrong_type(readable && number > high ? fmt::format("at most {}", high)
                                         : fmt::format("a whole number of at least {}", low));
    return std::nullopt;
}

std::optional<double> SpecReader::number() const {
    if (value_->is_number()) return value_->get<double>();
    wrong_type("a number");
    return std::nullopt;
}

std::optional<std::chrono::milliseconds> SpecReader::duration() const {
    struct Unit {
        std::string_view name;
        std::int64_t milliseconds;
    };
    static constexpr Unit k_units[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
    constexpr std::string_view k_wanted = "a time with its unit, such as 500ms, 60s, 10m or 1h";
    constexpr std::int64_t k_hours_max = 24 * 366;
    if (!value_->is_string()) {
        wrong_type(k_wanted);
        return std::nullopt;
    }
    const std::string& written = value_->get_ref<const std::string&>();
    std::int64_t count = 0;
    const auto [end, error] =
        std::from_chars(written.data(), written.data() + written.size(), count);
    const std::string_view rest(end,
                                static_cast<std::size_t>(written.data() + written.size() - end));
    const auto unit = std::ranges::find(k_units, rest, &Unit::name);
    const bool readable = error == std::errc() && unit != std::end(k_units);
    if (readable && count > 0 && count <= k_hours_max * 3'600'000 / unit->milliseconds) {
        return std::chrono::milliseconds(count * unit->milliseconds);
    }
    mistake(fmt::format("{} must be {}, not \"{}\"", title(), k_wanted, written));
    return std::nullopt;
}

std::vector<std::string> SpecReader::texts() const {
    std::vector<std::string> texts;
    if (!expect_list()) return texts;
    for (const SpecReader& item : items()) {
        if (auto text = item.text()) texts.push_back(std::move(*text));
    }
    return texts;
}

void read_text(const SpecReader& map, std::string_view key, std::string& field) {
    const auto member = map.find(key);
    if (!member) return;
    if (auto text = member->text()) field = std::move(*text);
}

std::optional<JsonPath> read_json_path(const SpecReader& reader) {
    const auto text = reader.text();
    if (!text) return std::nullopt;
    auto path = JsonPath::parse(*text);
    if (path) return std::move(*path);
    reader.mistake(fmt::format("{}: {}", reader.title(), path.error().message));
    return std::nullopt;
}

}  // namespace assay
