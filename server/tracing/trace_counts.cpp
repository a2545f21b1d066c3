#include "server/tracing/trace_counts.hpp"

#include "server/store/row_values.hpp"

namespace assay {
namespace {

constexpr const char* k_count_periods =
    "SELECT coalesce(sum(traces), 0) FROM trace_counts "
    "WHERE project = ?1 AND period BETWEEN ?2 AND ?3";
constexpr const char* k_count =
    "SELECT count(*) FROM traces WHERE project = ?1 AND timestamp BETWEEN ?2 AND ?3 "
    "AND mentioned IS NULL";

// As in schema.cpp. Shifts of negative numbers round down there and here.
constexpr int k_period_bits = 44;
constexpr std::int64_t k_period_mask = (std::int64_t{1} << k_period_bits) - 1;

std::int64_t period_of(std::int64_t time) { return time >> k_period_bits; }
std::int64_t begin_of(std::int64_t time) { return time & ~k_period_mask; }
std::int64_t end_of(std::int64_t time) { return time | k_period_mask; }

Result<std::int64_t> count(Session& session, const char* sql, std::int64_t project,
                           std::int64_t first, std::int64_t last) {
    ASSAY_TRY(const auto counted, session.connection().find_integer(sql, project, first, last));
    return counted.value_or(0);
}

}  // namespace

Result<std::int64_t> count_traces(Session& session, std::int64_t project, const TimeRange& range) {
    const std::int64_t first = to_nanoseconds(range.first);
    const std::int64_t last = to_nanoseconds(range.last);
    if (first > last) return 0;
    if (period_of(first) == period_of(last)) return count(session, k_count, project, first, last);
    // The periods at both ends may have a part outside.
    ASSAY_TRY(const auto at_begin, count(session, k_count, project, first, end_of(first)));
    ASSAY_TRY(const auto between,
              count(session, k_count_periods, project, period_of(first) + 1, period_of(last) - 1));
    ASSAY_TRY(const auto at_end, count(session, k_count, project, begin_of(last), last));
    return at_begin + between + at_end;
}

}  // namespace assay
