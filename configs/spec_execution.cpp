#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "configs/spec_parts.hpp"
#include "core/base/limits.hpp"

namespace assay {
namespace {

constexpr std::string_view k_cache_pointer = "/execution/cache";

struct CacheWord {
    std::string_view word;
    CacheMode mode;
};
constexpr std::array k_cache_words = {
    CacheWord{"off", CacheMode::off},       CacheWord{"read", CacheMode::read},
    CacheWord{"write", CacheMode::write},   CacheWord{"read_write", CacheMode::read_write},
    CacheWord{"replay", CacheMode::replay},
};

void read_cache(const SpecReader& cache, CacheMode& mode) {
    // What an unquoted `off` has become when another program read the spec and wrote it again.
    if (cache.value() == Json(false)) {
        mode = CacheMode::off;
        return;
    }
    KnownNames known;
    for (const CacheWord& each : k_cache_words) known.names.emplace_back(each.word);
    const auto word = cache.text();
    if (!word || !cache.expect_name("cache mode", *word, known)) return;
    mode = std::ranges::find(k_cache_words, *word, &CacheWord::word)->mode;
}

/// A map that limits something; an empty one would say nothing.
bool expect_limits(const SpecReader& limits, const KnownNames& known) {
    if (!limits.expect_map(known)) return false;
    if (!limits.value().empty()) return true;
    limits.mistake(fmt::format("{} limits nothing; known here: {}", limits.title(),
                               fmt::join(known.names, ", ")));
    return false;
}

void read_count(const SpecReader& map, std::string_view key, std::optional<std::uint64_t>& field) {
    constexpr std::uint64_t k_count_max = 1'000'000'000'000'000;
    if (const auto count = map.find(key)) field = count->whole(1, k_count_max);
}

void read_budget(const SpecReader& budget, BudgetSpec& read) {
    if (!expect_limits(budget, {.names = {"cost_usd", "tokens", "calls", "wall_time"}})) return;
    if (const auto cost = budget.find("cost_usd")) {
        constexpr double k_usd_max = 1e9;
        read.cost_usd = cost->number();
        const bool usable = !read.cost_usd || (*read.cost_usd > 0 && *read.cost_usd <= k_usd_max);
        if (!usable) cost->wrong_type("US dollars, more than 0 and at most 1000000000");
    }
    read_count(budget, "tokens", read.tokens);
    read_count(budget, "calls", read.calls);
    if (const auto wall_time = budget.find("wall_time")) read.wall_time = wall_time->duration();
}

/// One number is the ceiling of the adaptive limit; a map says more.
void read_concurrency(const SpecReader& concurrency, RateLimitSpec& read) {
    const auto read_bound = [](const SpecReader& bound, std::optional<int>& field) {
        const auto count = bound.whole(1, limits::k_concurrency_max);
        if (count) field = static_cast<int>(*count);
    };
    if (!concurrency.value().is_object()) return read_bound(concurrency, read.concurrency_max);
    if (!expect_limits(concurrency, {.names = {"start", "min", "max"}})) return;
    if (const auto start = concurrency.find("start")) read_bound(*start, read.concurrency_start);
    if (const auto min = concurrency.find("min")) read_bound(*min, read.concurrency_min);
    if (const auto max = concurrency.find("max")) read_bound(*max, read.concurrency_max);
    const int start = read.concurrency_start.value_or(read.concurrency_min.value_or(1));
    const int min = read.concurrency_min.value_or(1);
    const int max = read.concurrency_max.value_or(limits::k_concurrency_max);
    if (min > max || start < min || start > max) {
        concurrency.mistake(
            fmt::format("{} must rise from `min` over `start` to `max`", concurrency.title()));
    }
}

void read_rate_limit(const SpecReader& limit, RateLimitSpec& read) {
    if (!expect_limits(limit, {.names = {"rpm", "tpm", "concurrency"}})) return;
    read_count(limit, "rpm", read.rpm);
    read_count(limit, "tpm", read.tpm);
    if (const auto concurrency = limit.find("concurrency")) read_concurrency(*concurrency, read);
}

void read_rate_limits(const SpecReader& rate_limits, std::map<std::string, RateLimitSpec>& read) {
    if (!rate_limits.expect_map()) return;
    for (const auto& [name, limit] : rate_limits.members()) {
        const std::string provider = name.substr(0, name.find(':'));
        if (name.ends_with(':')) {
            limit.mistake_at_key(
                fmt::format("\"{}\" names no model: write \"{}\" for all models of the provider, "
                            "or \"{}:MODEL\" for one",
                            name, provider, provider));
        }
        read_rate_limit(limit, read[name]);
    }
}

}  // namespace

std::vector<std::string> plain_word_pointers() { return {std::string(k_cache_pointer)}; }

ExecutionSpec read_execution(const SpecReader& execution) {
    ExecutionSpec read;
    const bool is_map =
        execution.expect_map({.names = {"concurrency", "retries", "unit_deadline", "cache",
                                        "budget", "rate_limits", "seed", "min_coverage"},
                              .later = {}});
    if (!is_map) return read;
    if (const auto concurrency = execution.find("concurrency")) {
        const auto limit = static_cast<std::uint64_t>(limits::k_concurrency_max);
        read.concurrency = static_cast<int>(concurrency->whole(1, limit).value_or(1));
    }
    if (const auto retries = execution.find("retries")) {
        const auto limit = static_cast<std::uint64_t>(limits::k_retries_max);
        read.retries = static_cast<int>(retries->whole(0, limit).value_or(0));
    }
    if (const auto deadline = execution.find("unit_deadline")) {
        if (const auto duration = deadline->duration()) read.unit_deadline = *duration;
    }
    if (const auto cache = execution.find("cache")) read_cache(*cache, read.cache);
    if (const auto budget = execution.find("budget")) read_budget(*budget, read.budget);
    if (const auto rate_limits = execution.find("rate_limits")) {
        read_rate_limits(*rate_limits, read.rate_limits);
    }
    if (const auto seed = execution.find("seed")) read.seed = seed->whole(0).value_or(0);
    if (const auto coverage = execution.find("min_coverage")) {
        read.min_coverage = coverage->number().value_or(0);
        const bool is_share = read.min_coverage >= 0 && read.min_coverage <= 1;
        if (!is_share) coverage->wrong_type("a number from 0 to 1");
    }
    return read;
}

}  // namespace assay
