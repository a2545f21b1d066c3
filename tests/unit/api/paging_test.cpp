#include "server/api/paging.hpp"

#include <catch2/catch.hpp>

namespace assay::test {
namespace {

ApiRequest request_with(HttpFields query) {
    ApiRequest request;
    request.query = std::move(query);
    return request;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("paging: a page is what was asked for or the default", "[api]") {
    const auto page_of = [](HttpFields query) {
        const ApiRequest request = request_with(std::move(query));
        QueryParameters parameters(request);
        const Page page = parameters.page();
        return parameters.ok() ? std::pair(page.number, page.limit)
                               : std::pair(std::int64_t{-1}, std::int64_t{-1});
    };
    using Pair = std::pair<std::int64_t, std::int64_t>;
    CHECK(page_of({}) == Pair(1, 50));
    CHECK(page_of({{"page", ""}, {"limit", ""}}) == Pair(1, 50));
    CHECK(page_of({{"page", "3"}, {"limit", "100"}}) == Pair(3, 100));
    CHECK(page_of({{"limit", "1"}}) == Pair(1, 1));
    for (const char* const limit : {"0", "101", "-1", "1.5", "1x", " 1", "9999999999999999999"}) {
        CHECK(page_of({{"limit", limit}}) == Pair(-1, -1));
    }
    for (const char* const page : {"0", "x", "2147483648"}) {
        CHECK(page_of({{"page", page}}) == Pair(-1, -1));
    }
    CHECK(page_of({{"page", "2147483647"}, {"limit", "100"}}) == Pair(2147483647, 100));
}

TEST_CASE("paging: faults are told together", "[api]") {
    const ApiRequest request =
        request_with({{"page", "x"}, {"from", "soon"}, {"flag", "yes"}, {"number", "1e999"}});
    QueryParameters parameters(request);
    (void)parameters.page();
    CHECK_FALSE(parameters.time("from"));
    CHECK_FALSE(parameters.boolean("flag"));
    CHECK_FALSE(parameters.number("number"));
    CHECK_FALSE(parameters.text("absent"));
    REQUIRE_FALSE(parameters.ok());
    const ApiResponse refusal = parameters.refusal();
    CHECK(refusal.status == 400);
    const Json body = parse_json(refusal.body).value();
    CHECK(body["message"] == "Invalid request data");
    REQUIRE(body["error"].size() == 4);
    CHECK(body["error"][0]["path"] == Json({"page"}));
    CHECK(body["error"][1]["message"] ==
          "from must be a time with an offset, such as 2026-01-31T12:00:00Z");
}

TEST_CASE("paging: lists come as repeated parameters or split at commas", "[api]") {
    const ApiRequest one = request_with({{"tags", "a, b,,c"}});
    CHECK(QueryParameters(one).list("tags") == Texts{"a", "b", "c"});
    const ApiRequest two = request_with({{"tags", "a,b"}, {"tags", "c"}, {"tags", ""}});
    CHECK(QueryParameters(two).list("tags") == Texts{"a,b", "c"});
    CHECK(QueryParameters(two).comma_list("tags") == Texts{"a", "b", "c"});
    CHECK(QueryParameters(two).list("other").empty());
}

TEST_CASE("paging: a page tells how many there are", "[api]") {
    const auto pages = [](std::int64_t items) {
        return page_meta({.number = 1, .limit = 50}, items)["totalPages"].get<int>();
    };
    CHECK(pages(0) == 0);
    CHECK(pages(1) == 1);
    CHECK(pages(50) == 1);
    CHECK(pages(51) == 2);
    const ApiResponse response =
        page_response(OrderedJson::array(), {.number = 2, .limit = 10}, 15);
    CHECK(response.body ==
          R"({"data":[],"meta":{"page":2,"limit":10,"totalItems":15,"totalPages":2}})");
}

TEST_CASE("paging: a cursor gives back the position in both alphabets", "[api]") {
    const OrderedJson position = {{"id", "ÿ?>~"}, {"time", "2026"}};
    for (const std::string& cursor : {to_cursor(position), to_url_cursor(position)}) {
        const auto parsed = parse_cursor(cursor);
        REQUIRE(parsed);
        CHECK(*parsed == Json(position));
    }
    CHECK(to_url_cursor(position).find_first_of("+/=") == std::string::npos);
    for (const std::string& cursor : {std::string("!"), std::string("e"), std::string("W10"),
                                      std::string("bm8="), std::string(20'000, 'A')}) {
        const auto parsed = parse_cursor(cursor);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().message == "Invalid cursor format");
    }
}

TEST_CASE("paging: times have milliseconds", "[api]") {
    CHECK(to_api_time(*parse_rfc3339("2026-01-02T03:04:05.678901+01:00")) ==
          "2026-01-02T02:04:05.678Z");
    CHECK(to_api_time(std::optional<Time>()).is_null());
}

}  // namespace assay::test
