#include "configs/model_prices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "configs/located_document.hpp"
#include "configs/schemas.hpp"
#include "configs/spec_reader.hpp"

namespace assay {
namespace {

using Prices = std::map<std::string, double>;

/// Whether all expressions are compiled at once, so that each mistake has its place.
enum class Expressions { checked, lazy };

/// Reads a table and collects what is wrong with it.
class TableReader {
  public:
    explicit TableReader(Expressions expressions) : expressions_(expressions) {}
    std::vector<ModelPrice> read(const SpecReader& table, std::string& date);

  private:
    void read_price(const SpecReader& entry, std::vector<ModelPrice>& prices);
    [[nodiscard]] std::optional<LazyRegex> read_expression(const SpecReader& reader) const;
    [[nodiscard]] static std::optional<Time> read_day(const SpecReader& reader);
    [[nodiscard]] std::vector<ModelPrice::Tier> read_tiers(const SpecReader& entry);
    [[nodiscard]] ModelPrice::Tier read_tier(const SpecReader& tier);
    void read_condition(const SpecReader& condition, ModelPrice::Tier& tier);
    [[nodiscard]] static Prices read_amounts(const SpecReader& map);

    Expressions expressions_;
};

std::optional<LazyRegex> TableReader::read_expression(const SpecReader& reader) const {
    auto text = reader.text();
    if (!text) return std::nullopt;
    LazyRegex expression(std::move(*text));
    if (expressions_ == Expressions::lazy || expression.compiled()) return expression;
    reader.mistake(fmt::format("{}: {}", reader.title(), expression.compiled().error().message));
    return std::nullopt;
}

std::optional<Time> TableReader::read_day(const SpecReader& reader) {
    const auto text = reader.text();
    if (!text) return std::nullopt;
    const auto time = parse_rfc3339(*text + "T00:00:00Z");
    if (time) return *time;
    reader.mistake(
        fmt::format("{} must be a day, as in 2026-11-01, not \"{}\"", reader.title(), *text));
    return std::nullopt;
}

Prices TableReader::read_amounts(const SpecReader& map) {
    Prices amounts;
    if (!map.expect_map({.names = priced_usage()})) return amounts;
    if (map.value().empty()) map.mistake(fmt::format("{} gives no price", map.title()));
    for (const auto& [kind, amount] : map.members()) {
        const auto usd = amount.number();
        if (usd && *usd < 0) amount.wrong_type("US dollars per million tokens, 0 or more");
        if (usd) amounts.emplace(kind, *usd);
    }
    return amounts;
}

void TableReader::read_condition(const SpecReader& condition, ModelPrice::Tier& tier) {
    static const KnownNames k_operators = {.names = {"gt", "gte", "lt", "lte", "eq", "neq"}};
    if (!condition.expect_map({.names = {"usage", "op", "value"}})) return;
    const auto usage = condition.require("usage");
    const auto op = condition.require("op");
    const auto value = condition.require("value");
    if (!usage || !op || !value) return;
    auto expression = read_expression(*usage);
    const auto name = op->text();
    const auto number = value->number();
    if (!expression || !name || !number) return;
    if (!op->expect_name("operator", *name, k_operators)) return;
    tier.conditions.push_back({std::move(*expression), *name, *number});
}

ModelPrice::Tier TableReader::read_tier(const SpecReader& reader) {
    ModelPrice::Tier tier;
    if (!reader.expect_map({.names = {"name", "conditions", "usd_per_million"}})) return tier;
    if (reader.require("name")) read_text(reader, "name", tier.name);
    const auto conditions = reader.find("conditions");
    if (conditions && conditions->expect_list()) {
        for (const SpecReader& item : conditions->items()) read_condition(item, tier);
    }
    if (const auto amounts = reader.require("usd_per_million")) {
        tier.usd_per_million = read_amounts(*amounts);
    }
    return tier;
}

std::vector<ModelPrice::Tier> TableReader::read_tiers(const SpecReader& entry) {
    const auto listed = entry.find("tiers");
    const auto single = entry.find("usd_per_million");
    if (listed && single) {
        listed->mistake_at_key("`tiers` and `usd_per_million` exclude each other; keep one");
    }
    if (!listed) {
        const auto amounts = entry.require("usd_per_million");
        return {
            {.name = "default", .usd_per_million = amounts ? read_amounts(*amounts) : Prices()}};
    }
    std::vector<ModelPrice::Tier> tiers;
    if (!listed->expect_list()) return tiers;
    for (const SpecReader& item : listed->items()) {
        if (!tiers.empty() && tiers.back().conditions.empty()) {
            item.mistake("a tier without `conditions` is the default and stands last");
        }
        tiers.push_back(read_tier(item));
    }
    if (tiers.empty() || !tiers.back().conditions.empty()) {
        listed->mistake(fmt::format("{} must end with the default, a tier without `conditions`",
                                    listed->title()));
    }
    return tiers;
}

void TableReader::read_price(const SpecReader& entry, std::vector<ModelPrice>& prices) {
    const bool is_map = entry.expect_map(
        {.names = {"model", "provider", "match", "start", "source", "usd_per_million", "tiers"}});
    if (!is_map) return;
    std::string model;
    std::string provider;
    std::string source;
    if (entry.require("model")) read_text(entry, "model", model);
    read_text(entry, "provider", provider);
    read_text(entry, "source", source);
    const auto start = entry.find("start");
    auto tiers = read_tiers(entry);
    const auto match = entry.find("match");
    auto expression = match ? read_expression(*match) : LazyRegex("\\Q" + model + "\\E");
    if (!expression) return;
    prices.push_back({.model = std::move(model),
                      .provider = std::move(provider),
                      .match = std::move(*expression),
                      .start = start ? read_day(*start) : std::nullopt,
                      .tiers = std::move(tiers),
                      .source = std::move(source)});
}

std::vector<ModelPrice> TableReader::read(const SpecReader& table, std::string& date) {
    std::vector<ModelPrice> prices;
    if (!table.expect_map({.names = {"date", "prices"}})) return prices;
    if (const auto day = table.find("date"); day && read_day(*day)) date = *day->text();
    const auto list = table.require("prices");
    if (!list || !list->expect_list()) return prices;
    for (const SpecReader& item : list->items()) read_price(item, prices);
    return prices;
}

bool compare(double found, std::string_view op, double value) {
    if (op == "gt") return found > value;
    if (op == "gte") return found >= value;
    if (op == "lt") return found < value;
    if (op == "lte") return found <= value;
    if (op == "eq") return found == value;
    return found != value;
}

/// The price of one kind of usage: its own, else that of the nearest kind it is a part of
/// (`input_cache_creation_5m`, `input_cache_creation`, ... `input`); nothing = unknown.
std::optional<double> price_of(std::string kind, const Prices& prices) {
    // Sound costs many times what text does, so the price of text says nothing of it.
    const bool is_text = !kind.contains("audio");
    while (true) {
        const auto found = prices.find(kind);
        if (found != prices.end()) return found->second;
        const std::size_t end = kind.rfind('_');
        if (end == std::string::npos || !is_text) return std::nullopt;
        kind.resize(end);
    }
}

std::optional<NanoUsd> sum(const UsageDetails& usage, const Prices& prices) {
    const bool free = std::ranges::all_of(prices, [](const auto& p) { return p.second == 0; });
    if (free) return 0;
    double millionths = 0;
    std::int64_t tokens = 0;
    for (const auto& [kind, count] : usage) {
        if (kind == "total" || count == 0) continue;
        const auto price = price_of(kind, prices);
        if (!price) return std::nullopt;
        tokens += count;
        millionths += static_cast<double>(count) * *price;
    }
    if (tokens == 0) return std::nullopt;
    return std::llround(millionths * 1000);  // a millionth of a dollar is 1000 nano-dollars
}

Json to_json(const ModelPrice& price) {
    Json tiers = Json::array();
    for (const ModelPrice::Tier& tier : price.tiers) {
        Json conditions = Json::array();
        for (const ModelPrice::Condition& condition : tier.conditions) {
            conditions.push_back({condition.usage.pattern(), condition.op, condition.value});
        }
        tiers.push_back(
            {{"conditions", std::move(conditions)}, {"usd_per_million", tier.usd_per_million}});
    }
    return {{"source", price.source}, {"tiers", std::move(tiers)}};
}

}  // namespace

const std::vector<std::string>& priced_usage() {
    static const std::vector<std::string> k_kinds = {"input",
                                                     "input_cached_tokens",
                                                     "input_cache_creation",
                                                     "input_cache_creation_5m",
                                                     "input_cache_creation_1h",
                                                     "input_audio_tokens",
                                                     "output",
                                                     "output_reasoning_tokens",
                                                     "output_audio_tokens"};
    return k_kinds;
}

bool ModelPrice::Tier::holds_for(const UsageDetails& usage) const {
    return std::ranges::all_of(conditions, [&usage](const Condition& condition) {
        std::int64_t tokens = 0;
        for (const auto& [kind, count] : usage) {
            if (condition.usage.found_in(kind)) tokens += count;
        }
        return compare(static_cast<double>(tokens), condition.op, condition.value);
    });
}

LazyRegex::LazyRegex(std::string pattern) : state_(std::make_shared<State>()) {
    state_->pattern = std::move(pattern);
}

const Result<Regex>& LazyRegex::compiled() const {
    std::call_once(state_->once,
                   [&state = *state_] { state.compiled.emplace(Regex::compile(state.pattern)); });
    return *state_->compiled;
}

bool LazyRegex::found_in(std::string_view text) const {
    ASSAY_ASSERT(compiled().has_value(), "tables hold expressions that can be compiled");
    return compiled()->found_in(text);
}

bool LazyRegex::matches_all(std::string_view text) const {
    ASSAY_ASSERT(compiled().has_value(), "tables hold expressions that can be compiled");
    return compiled()->matches_all(text);
}

Result<PriceTable> PriceTable::parse(std::string_view text, std::string_view file) {
    LocatedDocument document = parse_located(text, file);
    PriceTable table;
    if (document.diagnostics.empty()) {
        const SpecReader reader(document.value, {}, {&document.places, &document.diagnostics});
        table.prices_ = TableReader(Expressions::checked).read(reader, table.date_);
    }
    if (document.diagnostics.empty()) return table;
    return failure(ErrorCode::invalid_argument, to_string(std::move(document.diagnostics)));
}

const PriceTable& PriceTable::shipped() {
    static const PriceTable k_table = [] {
        // Places are for messages, and finding them takes longer than all the rest.
        const auto json = parse_json(k_prices_json);
        ASSAY_ASSERT(json.has_value(), "the price table of the program is JSON");
        const SourceMap no_places;
        Diagnostics mistakes;
        const SpecReader reader(*json, {}, {&no_places, &mistakes});
        PriceTable table;
        table.prices_ = TableReader(Expressions::lazy).read(reader, table.date_);
        ASSAY_ASSERT(mistakes.empty(), "the price table of the program is well formed");
        return table;
    }();
    return k_table;
}

const ModelPrice* PriceTable::find(std::string_view provider_type, std::string_view model,
                                   Time at) const {
    const ModelPrice* newest = nullptr;
    for (const ModelPrice& price : prices_) {
        const bool is_for = price.provider.empty() || price.provider == provider_type;
        const bool holds = !price.start || *price.start <= at;
        if (!is_for || !holds || !price.match.matches_all(model)) continue;
        const bool is_newer = newest == nullptr || newest->start < price.start;
        if (is_newer) newest = &price;
    }
    return newest;
}

const ModelPrice* ConnectionPrices::in_tables(std::string_view model, Time at) const {
    if (model.empty()) return nullptr;
    for (const PriceTable* const table : sources_.tables) {
        const ModelPrice* const found = table->find(provider_type_, model, at);
        if (found != nullptr) return found;
    }
    return PriceTable::shipped().find(provider_type_, model, at);
}

std::optional<NanoUsd> ConnectionPrices::cost_of(std::string_view asked, std::string_view answered,
                                                 const UsageDetails& usage, Time at) const {
    if (sources_.connection) return sum(usage, *sources_.connection);
    const ModelPrice* price = in_tables(asked, at);
    if (price == nullptr) price = in_tables(answered, at);
    if (price == nullptr) return std::nullopt;
    const auto tier = std::ranges::find_if(
        price->tiers, [&usage](const ModelPrice::Tier& each) { return each.holds_for(usage); });
    return tier == price->tiers.end() ? std::nullopt : sum(usage, tier->usd_per_million);
}

bool ConnectionPrices::knows(std::string_view model, Time at) const {
    return sources_.connection || in_tables(model, at) != nullptr;
}

Json ConnectionPrices::describe(std::string_view model, Time at) const {
    if (sources_.connection) {
        return {{"source", "the spec"}, {"usd_per_million", *sources_.connection}};
    }
    const ModelPrice* const price = in_tables(model, at);
    return price == nullptr ? Json() : to_json(*price);
}

}  // namespace assay
