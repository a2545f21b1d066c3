#include "runner/report/numbers.hpp"

#include <catch2/catch.hpp>
#include <cmath>

namespace assay {
namespace {

TEST_CASE("numbers: about four digits and separated thousands") {
    CHECK(format_number(0.21683) == "0.2168");
    CHECK(format_number(-9.5) == "-9.5000");
    CHECK(format_number(12.3456) == "12.346");
    CHECK(format_number(123.456) == "123.46");
    CHECK(format_number(1234567.89) == "1,234,567.9");
    CHECK(format_number(-1234.5) == "-1,234.5");
    CHECK(format_number(0) == "0.0000");
    CHECK(format_number(0.000012) == "1.2e-05");
    CHECK(format_number(3e15) == "3e+15");
    CHECK(format_count(0) == "0");
    CHECK(format_count(999) == "999");
    CHECK(format_count(1000) == "1,000");
    CHECK(format_count(18446744073709551615U) == "18,446,744,073,709,551,615");
}

TEST_CASE("numbers: an observed value never looks like the threshold it misses") {
    CHECK(format_against(0.842, 0.85) == "0.842");
    CHECK(format_against(0.84999, 0.85) == "0.84999");
    CHECK(format_against(0.85, 0.85) == "0.85");
    CHECK(format_against(0.850012, 0.85001) == "0.850012");
    CHECK(format_against(1e-9, 0) == "0.000000001");
    CHECK(format_against(1e-300, 0) == "1e-300");
    CHECK(format_against(2, 2.5) == "2");
    CHECK(format_against(-0.00001, 0) == "-0.00001");
    CHECK(format_against(1502000, 1500000) == "1,502,000");
    CHECK(format_against(std::nextafter(0.85, 0.0), 0.85) == "0.8499999999999999");
}

TEST_CASE("numbers: money shows what matters at its size") {
    CHECK(format_cost(std::nullopt) == "unknown");
    CHECK(format_cost(0) == "$0");
    CHECK(format_cost(nanos_from_usd(0.00002)) == "$0.00002");
    CHECK(format_cost(nanos_from_usd(0.0000964)) == "$0.000096");
    CHECK(format_cost(1) == "$0.000000001");
    CHECK(format_cost(nanos_from_usd(0.0213)) == "$0.0213");
    CHECK(format_cost(nanos_from_usd(12.345)) == "$12.35");
    CHECK(format_cost(nanos_from_usd(1234.5)) == "$1,234.50");
}

TEST_CASE("numbers: times are in the unit that people would use") {
    CHECK(format_ms(0.4239) == "0.42 ms");
    CHECK(format_ms(812.4) == "812 ms");
    CHECK(format_ms(9999) == "9999 ms");
    CHECK(format_ms(12'345) == "12.3 s");
    CHECK(format_ms(720'000) == "12.0 min");
    CHECK(format_duration(412) == "412 ms");
    CHECK(format_duration(9000) == "9.0 s");
    CHECK(format_duration(91'000) == "1 min 31 s");
    CHECK(format_duration(7'500'000) == "2 h 5 min");
}

TEST_CASE("numbers: one is singular") {
    CHECK(format_some(1, "unit") == "1 unit");
    CHECK(format_some(0, "unit") == "0 units");
    CHECK(format_some(1319, "unit") == "1,319 units");
}

}  // namespace
}  // namespace assay
