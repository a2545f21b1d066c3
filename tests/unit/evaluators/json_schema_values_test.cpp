#include <catch2/catch.hpp>
#include <string>

#include "evaluators/json_schema/uri.hpp"
#include "evaluators/json_schema/values.hpp"

namespace assay::json_schema {

TEST_CASE("json schema addresses: references resolve as RFC 3986 section 5.4 shows") {
    const std::pair<const char*, const char*> examples[] = {
        {"g:h", "g:h"},
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {";x", "http://a/b/c/;x"},
        {"g;x", "http://a/b/c/g;x"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"../../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {".g", "http://a/b/c/.g"},
        {"g..", "http://a/b/c/g.."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/./x", "http://a/b/c/g?y/./x"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
    };
    for (const auto& [reference, resolved] : examples) {
        INFO(reference);
        CHECK(resolve_uri("http://a/b/c/d;p?q", reference) == resolved);
    }
    CHECK(resolve_uri("", "schema.json") == "schema.json");
    CHECK(resolve_uri("folder/one.json", "two.json") == "folder/two.json");
    CHECK(resolve_uri("http://a", "b") == "http://a/b");
    CHECK(resolve_uri("urn:x:y", "") == "urn:x:y");
}

TEST_CASE("json schema addresses: percent escapes are read and broken ones stay") {
    CHECK(percent_decoded("a%25b%2F") == "a%b/");
    CHECK(percent_decoded("%C3%A9") == "é");
    CHECK(percent_decoded("100%") == "100%");
    CHECK(percent_decoded("%4") == "%4");
    CHECK(percent_decoded("%zz") == "%zz");
}

TEST_CASE("json schema numbers: order is exact across integers and doubles") {
    const Json ascending[] = {-1e300,
                              std::int64_t{-9223372036854775807} - 1,
                              -9007199254740993,
                              -9007199254740992.0,
                              -1.5,
                              -1,
                              -0.5,
                              0,
                              0.5,
                              1,
                              9007199254740992.0,
                              9007199254740993,
                              9223372036854775807,
                              9223372036854775808.0,
                              std::uint64_t{9223372036854775809U},
                              std::uint64_t{18446744073709551615U},
                              18446744073709551616.0,
                              1e300};
    for (std::size_t i = 0; i < std::size(ascending); ++i) {
        for (std::size_t j = 0; j < std::size(ascending); ++j) {
            INFO(ascending[i] << " and " << ascending[j]);
            CHECK((compare_numbers(ascending[i], ascending[j]) == (i <=> j)));
        }
    }
    CHECK((compare_numbers(0, -0.0) == 0));
    CHECK((compare_numbers(std::uint64_t{7}, 7) == 0));
    CHECK((compare_numbers(7.0, 7) == 0));
}

TEST_CASE("json schema numbers: multiples are those of the decimals as written") {
    CHECK(is_multiple_of(0.3, 0.1));
    CHECK(is_multiple_of(-4.35, 0.01));
    CHECK(is_multiple_of(1e20, 1e-5));
    CHECK(is_multiple_of(0, 3));
    CHECK(is_multiple_of(0.0, 1e300));
    CHECK(is_multiple_of(1e308, 0.5));
    CHECK(is_multiple_of(std::uint64_t{18446744073709551615U}, 5));
    CHECK(is_multiple_of(std::int64_t{-9223372036854775807} - 1, 2));
    CHECK(is_multiple_of(1e300, std::uint64_t{10000000000000000000U}));
    CHECK(is_multiple_of(120, 1.2e1));
    CHECK_FALSE(is_multiple_of(125, 1.2e1));
    CHECK_FALSE(is_multiple_of(1e308, 0.123456789));
    CHECK_FALSE(is_multiple_of(1, 1e300));
    CHECK_FALSE(is_multiple_of(5e-324, 1e-320));
    CHECK_FALSE(is_multiple_of(0.00751, 0.0001));
    CHECK_FALSE(is_multiple_of(1e20, std::uint64_t{18446744073709551615U}));
}

TEST_CASE("json schema values: equal values and no others share a text") {
    const Json different[] = {nullptr,
                              false,
                              true,
                              0,
                              1,
                              -1,
                              "1",
                              "",
                              "n1,",
                              0.5,
                              {1, 2},
                              {1, {2}},
                              {{1}, 2},
                              "[]",
                              Json::array(),
                              Json::object(),
                              {{"a", 1}},
                              {{"a", "1"}},
                              "ab",
                              {"a", "b"},
                              {"ab"},
                              {"a", "b", ""}};
    for (std::size_t i = 0; i < std::size(different); ++i) {
        for (std::size_t j = 0; j < std::size(different); ++j) {
            INFO(different[i] << " and " << different[j]);
            CHECK((canonical_text(different[i]) == canonical_text(different[j])) == (i == j));
        }
    }
    CHECK(canonical_text(1) == canonical_text(1.0));
    CHECK(canonical_text(0) == canonical_text(-0.0));
    CHECK(canonical_text(std::uint64_t{5}) == canonical_text(5));
    CHECK(canonical_text({{"a", {1}}}) == canonical_text({{"a", {1.0}}}));
    CHECK(canonical_text(1e300) == canonical_text(1e300));
}

}  // namespace assay::json_schema
