#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"

namespace assay {

/// Looks a path up: nullptr when it leads nowhere. The first element is the head name
/// ("metadata", "input", "scores", "output", ...).
using FilterLookup = std::function<const Json*(const std::vector<std::string>& path)>;

/// A compiled condition of the filter language (SPEC 1.3), e.g. `metadata.tier = 'gold' and not
/// output contains 'sorry'`. Values of different types are never equal and have no order, but true
/// and false are 1 and 0. Texts are ordered by code point. Safe to use from several threads.
class Filter {
  public:
    /// @param heads  names a path may begin with; empty = any.
    /// @error invalid_argument with the column (from 1) and what was expected, the nearest known
    ///        head name, an invalid regular expression, or a comparison whose type can never match.
    static Result<Filter> parse(std::string_view text, const std::vector<std::string>& heads = {});

    /// A missing path makes a comparison false, except `exists`.
    [[nodiscard]] bool matches(const FilterLookup& lookup) const;
    /// Over an object whose members are the heads.
    [[nodiscard]] bool matches(const Json& object) const;

    /// Every path the condition reads, for validation.
    [[nodiscard]] std::vector<std::vector<std::string>> paths() const;
    [[nodiscard]] const std::string& text() const;

    /// The conditions that all have to hold: those that `and` joins, else the filter itself.
    [[nodiscard]] std::vector<Filter> conjuncts() const;

    struct Node;
    /// The syntax tree (core/model/filter_node.hpp), for those who put it in another language.
    [[nodiscard]] const Node& root() const { return *root_; }

  private:
    explicit Filter(std::shared_ptr<const Node> root, std::string text)
        : root_(std::move(root)), text_(std::move(text)) {}
    std::shared_ptr<const Node> root_;  // shared by copies: immutable
    std::string text_;
};

}  // namespace assay
