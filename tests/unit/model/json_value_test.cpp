#include "core/model/json_value.hpp"

#include <catch2/catch.hpp>
#include <compare>
#include <cstdint>
#include <limits>
#include <vector>

namespace assay {

TEST_CASE("json value: numbers compare by value whatever their type", "[json_value]") {
    CHECK(compare_numbers(1, 1.0) == std::partial_ordering::equivalent);
    CHECK(compare_numbers(-1, UINT64_MAX) == std::partial_ordering::less);
    CHECK(compare_numbers(UINT64_MAX, INT64_MIN) == std::partial_ordering::greater);
    CHECK(compare_numbers(9007199254740993, 9007199254740992.0) == std::partial_ordering::greater);
    CHECK(compare_numbers(UINT64_MAX, 18446744073709551616.0) == std::partial_ordering::less);
    CHECK(compare_numbers(0, -0.0) == std::partial_ordering::equivalent);
    CHECK(compare_numbers(std::numeric_limits<double>::quiet_NaN(), 0) ==
          std::partial_ordering::unordered);
}

TEST_CASE("json value: equality goes to the depth of a value", "[json_value]") {
    const Json value = {{"a", {1, 2.0, {{"b", nullptr}}}}, {"c", "x"}};
    CHECK(json_equal(value, value));
    CHECK(json_equal(value, Json{{"c", "x"}, {"a", {1.0, 2, {{"b", nullptr}}}}}));
    CHECK_FALSE(json_equal(value, Json{{"c", "x"}, {"a", {1, 2, {{"b", 0}}}}}));
    CHECK_FALSE(json_equal(value, Json{{"c", "x"}, {"a", {1, 2}}}));
    CHECK_FALSE(json_equal(Json{{"a", 1}}, Json{{"b", 1}}));
    CHECK_FALSE(json_equal(Json{{"a", 1}}, Json{{"a", 1}, {"b", 1}}));
    CHECK_FALSE(json_equal(Json{{"id", -1}}, Json{{"id", UINT64_MAX}}));
    CHECK_FALSE(json_equal(Json{1, 2}, Json{2, 1}));
    CHECK(json_equal(Json::object(), Json::object()));
    CHECK_FALSE(json_equal(Json::object(), Json::array()));
    CHECK_FALSE(json_equal(1, true));
    CHECK_FALSE(json_equal("1", 1));
    CHECK_FALSE(json_equal(nullptr, false));
    CHECK(json_equal("é", "é"));
}

TEST_CASE("json value: a path goes through objects and arrays", "[json_value]") {
    const Json value = {{"a", {{{"b", 5}}, "x"}}, {"0", "a name"}};
    CHECK(find_path(value, {"a", "0", "b"}) == &value["a"][0]["b"]);
    CHECK(find_path(value, {"0"}) == &value["0"]);
    CHECK(find_path(value, {}) == &value);
    CHECK(find_path(value, {"ignored", "a", "1"}, 1) == &value["a"][1]);
    CHECK(find_path(value, {"a", "2"}) == nullptr);
    CHECK(find_path(value, {"a", "01"}) == nullptr);
    CHECK(find_path(value, {"a", "-1"}) == nullptr);
    CHECK(find_path(value, {"a", ""}) == nullptr);
    CHECK(find_path(value, {"a", "1", "0"}) == nullptr);
    CHECK(find_path(value, {"b", "c"}) == nullptr);
    CHECK(find_member(5, "0") == nullptr);
    CHECK(find_member(nullptr, "a") == nullptr);
}

}  // namespace assay
