#include "configs/spec_parts.hpp"
#include "core/base/limits.hpp"

namespace assay {

ExecutionSpec read_execution(const SpecReader& execution) {
    ExecutionSpec read;
    const bool is_map = execution.expect_map(
        {.names = {"concurrency", "retries", "unit_deadline", "seed", "min_coverage"},
         .later = {"budget", "cache", "rate_limits"}});
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
    if (const auto seed = execution.find("seed")) read.seed = seed->whole(0).value_or(0);
    if (const auto coverage = execution.find("min_coverage")) {
        read.min_coverage = coverage->number().value_or(0);
        const bool is_share = read.min_coverage >= 0 && read.min_coverage <= 1;
        if (!is_share) coverage->wrong_type("a number from 0 to 1");
    }
    return read;
}

}  // namespace assay
