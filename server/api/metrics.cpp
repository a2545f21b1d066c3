#include "server/api/metrics.hpp"

#include <fmt/format.h>

namespace assay {

void Metrics::count(std::string_view method, std::string_view route, int status,
                    std::chrono::nanoseconds took) {
    Series& series = series_[{std::string(method), std::string(route)}];
    const double seconds = std::chrono::duration<double>(took).count();
    ++series.by_status[status];
    ++series.requests;
    series.seconds += seconds;
    for (std::size_t i = 0; i < k_bounds_seconds.size(); ++i) {
        if (seconds <= k_bounds_seconds[i]) ++series.within[i];
    }
}

std::string Metrics::to_text(std::size_t connections) const {
    std::string text =
        "# HELP assay_http_connections Open connections.\n"
        "# TYPE assay_http_connections gauge\n";
    text += fmt::format("assay_http_connections {}\n", connections);
    text +=
        "# HELP assay_http_requests_total Requests answered.\n"
        "# TYPE assay_http_requests_total counter\n";
    for (const auto& [key, series] : series_) {
        for (const auto& [status, requests] : series.by_status) {
            text += fmt::format(
                "assay_http_requests_total{{method=\"{}\",route=\"{}\",status=\"{}\"}} {}\n",
                key.method, key.route, status, requests);
        }
    }
    text +=
        "# HELP assay_http_request_seconds From the end of a request to the start of its answer.\n"
        "# TYPE assay_http_request_seconds histogram\n";
    for (const auto& [key, series] : series_) {
        const std::string labels = fmt::format("method=\"{}\",route=\"{}\"", key.method, key.route);
        for (std::size_t i = 0; i < k_bounds_seconds.size(); ++i) {
            text += fmt::format("assay_http_request_seconds_bucket{{{},le=\"{}\"}} {}\n", labels,
                                k_bounds_seconds[i], series.within[i]);
        }
        text += fmt::format("assay_http_request_seconds_bucket{{{},le=\"+Inf\"}} {}\n", labels,
                            series.requests);
        text += fmt::format("assay_http_request_seconds_sum{{{}}} {}\n", labels, series.seconds);
        text += fmt::format("assay_http_request_seconds_count{{{}}} {}\n", labels, series.requests);
    }
    return text;
}

}  // namespace assay
