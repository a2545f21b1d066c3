#include "core/base/diagnostic.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "core/base/limits.hpp"

namespace assay {
namespace {

const std::vector<std::string> k_names = {"exact_match", "contains", "regex", "json_schema"};

}  // namespace

TEST_CASE("diagnostic: only what is known of the place is printed", "[diagnostic]") {
    CHECK(to_string(Diagnostic{{"a.yaml", 3, 7}, "wrong"}) == "a.yaml:3:7: wrong");
    CHECK(to_string(Diagnostic{{"a.yaml", 3, 0}, "wrong"}) == "a.yaml:3: wrong");
    CHECK(to_string(Diagnostic{{"a.yaml", 0, 0}, "wrong"}) == "a.yaml: wrong");
    CHECK(to_string(Diagnostic{{}, "wrong"}) == "wrong");
}

TEST_CASE("diagnostic: a list is sorted by place and has no repeats", "[diagnostic]") {
    CHECK(to_string(Diagnostics{{{"b", 1, 1}, "x"},
                                {{"a", 10, 1}, "x"},
                                {{"a", 2, 5}, "y"},
                                {{"a", 2, 5}, "x"},
                                {{"a", 2, 5}, "y"},
                                {{"a", 2, 1}, "z"}}) ==
          "a:2:1: z\na:2:5: x\na:2:5: y\na:10:1: x\nb:1:1: x");
    CHECK(to_string(Diagnostics{}) == "");
}

TEST_CASE("diagnostic: a list is cut at its limit and says so", "[diagnostic][limits]") {
    Diagnostics list;
    for (std::size_t i = 1; i <= limits::k_diagnostics_max; ++i) {
        list.push_back({{"a", static_cast<int>(i), 1}, "x"});
    }
    const std::string whole = to_string(list);
    CHECK(std::ranges::count(whole, '\n') == static_cast<int>(limits::k_diagnostics_max) - 1);
    CHECK_THAT(whole, !Catch::Contains("more"));
    list.push_back({{"a", 1000, 1}, "x"});
    list.push_back({{"a", 1001, 1}, "x"});
    CHECK(to_string(list) == whole + "\n... and 2 more");
}

TEST_CASE("diagnostic: the nearest name is a typing mistake away", "[diagnostic]") {
    CHECK(nearest_name("exactmatch", k_names) == "exact_match");
    CHECK(nearest_name("exact_mathc", k_names) == "exact_match");
    CHECK(nearest_name("contain", k_names) == "contains");
    CHECK(nearest_name("ragex", k_names) == "regex");
    CHECK(nearest_name("json-schema", k_names) == "json_schema");
    CHECK(nearest_name("regex", k_names) == "regex");
    CHECK(nearest_name("similarity", k_names) == "");
    CHECK(nearest_name("", k_names) == "");
    CHECK(nearest_name("regex", {}) == "");
    CHECK(nearest_name(std::string(100'000, 'a'), k_names) == "");
}

TEST_CASE("diagnostic: a name is near up to a third of the longer one", "[diagnostic][limits]") {
    CHECK(nearest_name("abcxyz", {"abcdyz"}) == "abcdyz");
    CHECK(nearest_name("abxxyz", {"abcdyz"}) == "abcdyz");  // 2 of 6
    CHECK(nearest_name("axxxyz", {"abcdyz"}) == "");        // 3 of 6
    CHECK(nearest_name("ba", {"ab"}) == "");                // 1 of 2
    CHECK(nearest_name("acb", {"abc"}) == "abc");           // one swap of 3
}

TEST_CASE("diagnostic: of equally near names the first wins", "[diagnostic]") {
    CHECK(nearest_name("cart", {"card", "care"}) == "card");
    CHECK(nearest_name("care", {"card", "care"}) == "care");
}

TEST_CASE("diagnostic: did you mean is a phrase or nothing", "[diagnostic]") {
    CHECK(did_you_mean("exactmatch", k_names) == "; did you mean \"exact_match\"?");
    CHECK(did_you_mean("unrelated", k_names) == "");
}

}  // namespace assay
