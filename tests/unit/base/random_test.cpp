#include "core/base/random.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <set>
#include <string>

namespace assay {

TEST_CASE("random: splitmix64 gives its published sequence", "[random]") {
    // The first values for the seed 1234567, from the reference implementation of Vigna.
    Rng rng(1234567);
    CHECK(rng.next() == 6457827717110365317ULL);
    CHECK(rng.next() == 3203168211198807973ULL);
    CHECK(rng.next() == 9817491932198370423ULL);
    CHECK(rng.next() == 4593380528125082431ULL);
    CHECK(rng.next() == 16408922859458223821ULL);
}

TEST_CASE("random: the same seed gives the same numbers", "[random]") {
    Rng a(7);
    Rng b(7);
    Rng other(8);
    int differing = 0;
    for (int i = 0; i < 100; ++i) {
        const std::uint64_t value = a.next();
        CHECK(value == b.next());
        if (value != other.next()) ++differing;
    }
    CHECK(differing == 100);
}

TEST_CASE("random: unit numbers stay in their half-open interval", "[random]") {
    Rng rng(1);
    double sum = 0;
    for (int i = 0; i < 10'000; ++i) {
        const double value = rng.next_unit();
        REQUIRE((value >= 0.0 && value < 1.0));
        sum += value;
    }
    // Mean 0.5, standard error 0.0029: five of them on each side.
    CHECK(sum / 10'000 == Approx(0.5).margin(0.0145));
}

TEST_CASE("random: numbers below a bound reach all values evenly", "[random]") {
    Rng rng(2);
    std::array<int, 6> counts{};
    for (int i = 0; i < 60'000; ++i) ++counts.at(rng.next_below(6));
    double chi_squared = 0;
    for (const int count : counts)
        chi_squared += (count - 10'000.0) * (count - 10'000.0) / 10'000.0;
    CHECK(chi_squared < 20.5);  // 5 degrees of freedom, p = 0.001
    for (int i = 0; i < 10; ++i) CHECK(rng.next_below(1) == 0);
    CHECK(rng.next_below(UINT64_MAX) < UINT64_MAX);
}

TEST_CASE("random: hex from the system has the asked length and does not repeat", "[random]") {
    CHECK(random_hex(16).size() == 32);
    CHECK(random_hex(0).empty());
    CHECK(random_hex(8).find_first_not_of("0123456789abcdef") == std::string::npos);
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) seen.insert(random_hex(16));
    CHECK(seen.size() == 1000);
}

}  // namespace assay
