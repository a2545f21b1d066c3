#pragma once

#include <chrono>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "configs/spec.hpp"

namespace assay {

/// The names that may stand somewhere: keys of a map, types of a provider.
struct KnownNames {
    std::vector<std::string> names;
    std::vector<std::string> later;  ///< part of the contract, but not available yet
};

/// A value of the spec on its way into a typed field: the value, its place, and where mistakes go.
/// Reading never stops at a mistake; what cannot be read is left as it was. Cheap to copy; borrows
/// the document, the places and the diagnostics.
class SpecReader {
  public:
    struct Source {
        const SourceMap* places = nullptr;
        Diagnostics* diagnostics = nullptr;
    };
    SpecReader(const Json& value, std::string pointer, Source source)
        : value_(&value), pointer_(std::move(pointer)), source_(source) {}

    [[nodiscard]] const Json& value() const { return *value_; }
    [[nodiscard]] const std::string& pointer() const { return pointer_; }
    [[nodiscard]] const Source& source() const { return source_; }
    /// How messages name it: `task.command[0]`, in backquotes.
    [[nodiscard]] std::string title() const;
    [[nodiscard]] Place place() const { return source_.places->find(pointer_); }

    void mistake(std::string message) const;
    void mistake_at_key(std::string message) const;
    /// "`limit` must be a whole number of at least 1, not a string".
    void wrong_type(std::string_view wanted) const;
    void not_available() const;

    /// Reports every key that is not known, with the nearest known one, and every later one.
    /// False when the value is not a map, which is reported too.
    bool expect_map(const KnownNames& known) const;
    bool expect_map() const;
    bool expect_list() const;
    /// Reports a `name` that is not known, or only later: "unknown provider "opnai"; did you ...".
    bool expect_name(std::string_view what, const std::string& name, const KnownNames& known) const;

    /// The member `key`, when there is one. Null counts as a value.
    [[nodiscard]] std::optional<SpecReader> find(std::string_view key) const;
    [[nodiscard]] SpecReader at(std::size_t index) const;
    [[nodiscard]] std::vector<SpecReader> items() const;
    [[nodiscard]] std::vector<std::pair<std::string, SpecReader>> members() const;
    /// find(), and a mistake when it is missing.
    [[nodiscard]] std::optional<SpecReader> require(std::string_view key) const;

    // The value itself; nothing after a mistake, which is reported.
    [[nodiscard]] std::optional<std::string> text() const;
    [[nodiscard]] std::optional<bool> boolean() const;
    [[nodiscard]] std::optional<std::uint64_t> whole(
        std::uint64_t low, std::uint64_t high = std::numeric_limits<std::uint64_t>::max()) const;
    [[nodiscard]] std::optional<double> number() const;
    /// "60s", "500ms", "10m", "1h".
    [[nodiscard]] std::optional<std::chrono::milliseconds> duration() const;
    [[nodiscard]] std::vector<std::string> texts() const;

  private:
    const Json* value_;
    std::string pointer_;
    Source source_;
};

/// `field` from the member `key`, when there is one.
void read_text(const SpecReader& map, std::string_view key, std::string& field);
[[nodiscard]] std::optional<JsonPath> read_json_path(const SpecReader& reader);

}  // namespace assay
