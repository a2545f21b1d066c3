#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace assay {

/// Counts what the server does, for Prometheus. On the server's thread.
class Metrics {
  public:
    /// @param route  its pattern, never a path: what a sender chooses must not name a series.
    void count(std::string_view method, std::string_view route, int status,
               std::chrono::nanoseconds took);
    /// Text format 0.0.4 of Prometheus.
    [[nodiscard]] std::string to_text(std::size_t connections) const;

  private:
    static constexpr std::array k_bounds_seconds = {0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0};
    struct Key {
        std::string method;
        std::string route;
        friend auto operator<=>(const Key&, const Key&) = default;
    };
    struct Series {
        std::map<int, std::uint64_t> by_status;
        std::array<std::uint64_t, k_bounds_seconds.size()> within{};
        std::uint64_t requests = 0;
        double seconds = 0;
    };
    std::map<Key, Series> series_;
};

}  // namespace assay
