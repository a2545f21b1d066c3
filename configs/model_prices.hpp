#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/base/money.hpp"
#include "core/model/regex.hpp"
#include "core/model/unit.hpp"

namespace assay {

/// The kinds of usage that a price may be given for, by the tracing backend's names.
[[nodiscard]] const std::vector<std::string>& priced_usage();

/// An expression that is compiled when it is first tried: a table has many, a run tries few. Cheap
/// to copy, safe to use from several threads.
class LazyRegex {
  public:
    explicit LazyRegex(std::string pattern);
    /// Compiles it now. @error invalid_argument: as Regex::compile().
    [[nodiscard]] const Result<Regex>& compiled() const;
    /// Of a pattern that can be compiled.
    [[nodiscard]] bool found_in(std::string_view text) const;
    [[nodiscard]] bool matches_all(std::string_view text) const;
    [[nodiscard]] const std::string& pattern() const { return state_->pattern; }

  private:
    struct State {
        std::string pattern;
        std::once_flag once;
        std::optional<Result<Regex>> compiled;
    };
    std::shared_ptr<State> state_;  // shared by copies, so that it is compiled once
};

/// The prices of a model that hold from a day on. The form is the tracing backend's model
/// definition: its matchPattern, startDate and pricingTiers (conditions over the sum of the kinds
/// of usage that a pattern matches) are these fields, its prices a token are a millionth of these.
struct ModelPrice {
    /// When a tier holds: the tokens of the kinds of usage that match are so many.
    struct Condition {
        LazyRegex usage;
        std::string op;  ///< "gt", "gte", "lt", "lte", "eq", "neq"
        double value = 0;
    };
    struct Tier {
        std::string name;
        std::vector<Condition> conditions;  ///< all must hold; the default tier has none
        std::map<std::string, double> usd_per_million;  ///< by kind of usage

        [[nodiscard]] bool holds_for(const UsageDetails& usage) const;
    };
    std::string model;
    std::string provider;  ///< type of the provider it is for, "" = any
    LazyRegex match;       ///< against the whole name
    std::optional<Time> start;
    std::vector<Tier> tiers;  ///< in the order they are tried; the last one is the default
    std::string source;       ///< where the figures come from
};

/// Prices by model; docs/providers.md describes the file.
class PriceTable {
  public:
    /// @param file  for messages.
    /// @error invalid_argument with file, line, column and the remedy.
    static Result<PriceTable> parse(std::string_view text, std::string_view file);
    /// The table that comes with the program: configs/prices.json. The first use reads it.
    static const PriceTable& shipped();

    /// The price that holds at a time: of those that match the newest. nullptr = unknown.
    [[nodiscard]] const ModelPrice* find(std::string_view provider_type, std::string_view model,
                                         Time at) const;
    [[nodiscard]] const std::vector<ModelPrice>& prices() const { return prices_; }
    [[nodiscard]] const std::string& date() const { return date_; }  ///< "2026-11-21"

  private:
    std::vector<ModelPrice> prices_;
    std::string date_;
};

/// What the answers of one connection cost: what the spec says of the connection, then the tables
/// that it was given, then the shipped one.
class ConnectionPrices {
  public:
    struct Sources {
        std::optional<std::map<std::string, double>> connection;  ///< `providers.NAME.price`
        /// The first that knows the model holds, before the shipped one. They outlive this.
        std::vector<const PriceTable*> tables;
    };
    ConnectionPrices(std::string provider_type, Sources sources)
        : provider_type_(std::move(provider_type)), sources_(std::move(sources)) {}

    /// @param answered  what the model calls itself, "" = unknown; it is looked for when the name
    ///                  it was asked by is not found: a deployment's name says nothing.
    /// @return nothing when a kind of usage has no price or there is no usage: an unknown cost
    ///         must not look like a free one. Kinds that are parts (`input_…`, `output_…`) without
    ///         a price of their own cost as much as what they are parts of, but sound does not.
    ///         What is free in all its kinds costs nothing, whatever was used.
    [[nodiscard]] std::optional<NanoUsd> cost_of(std::string_view asked, std::string_view answered,
                                                 const UsageDetails& usage, Time at) const;
    /// Whether anything is known of the model's price.
    [[nodiscard]] bool knows(std::string_view model, Time at) const;
    /// For the manifest: the prices that apply to the model, with their source.
    [[nodiscard]] Json describe(std::string_view model, Time at) const;

  private:
    /// By one name of the model; nullptr = unknown.
    [[nodiscard]] const ModelPrice* in_tables(std::string_view model, Time at) const;

    std::string provider_type_;
    Sources sources_;
};

}  // namespace assay
