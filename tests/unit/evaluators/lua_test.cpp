#include <catch2/catch.hpp>
#include <chrono>

#include "core/base/limits.hpp"
#include "evaluators/lua_runtime.hpp"

namespace assay {
namespace {

const Json k_nothing;

Result<Json> run(const std::string& code, const Json& output = "text",
                 const Json& expected = k_nothing) {
    return run_lua(code, {.input = Json{{"question", "q"}, {"tags", {"a", "b"}}},
                          .output = output,
                          .expected_output = expected,
                          .metadata = k_nothing});
}

std::string refusal(const std::string& code, const Json& output = "text") {
    const auto result = run(code, output);
    return result ? "gave " + to_text(*result) : result.error().message;
}

}  // namespace

TEST_CASE("lua: expressions and chunks and functions give values", "[lua]") {
    CHECK(run("#output") == Json(4));
    CHECK(run("output:upper() == 'TEXT'") == Json(true));
    CHECK(run("local n = 0\nfor i = 1, 10 do n = n + i end\nreturn n") == Json(55));
    CHECK(run("return function(i, o, e) return o .. '/' .. (e or 'none') end") ==
          Json("text/none"));
    CHECK(run("1 / 4") == Json(0.25));
    CHECK(run("nil") == Json(nullptr));
    CHECK(run("{value = 2, comment = 'two'}") == Json({{"value", 2}, {"comment", "two"}}));
}

TEST_CASE("lua: values reach the program as tables", "[lua]") {
    CHECK(run("input.question .. #input.tags .. input.tags[2]") == Json("q2b"));
    CHECK(run("output.a.b[1]", {{"a", {{"b", {7}}}}}) == Json(7));
    CHECK(run("expected_output == nil") == Json(true));
    CHECK(run("expected_output + 1", "x", 41) == Json(42));
    CHECK(run("#output", Json::array({1, nullptr, 3})).has_value());
}

TEST_CASE("lua: regular expressions are RE2", "[lua]") {
    CHECK(run("matches(output, '^t.*t$')") == Json(true));
    CHECK(run("extract('A: 42', 'A: (\\\\d+)')") == Json("42"));
    CHECK(run("extract('none', 'A: (\\\\d+)')") == Json(nullptr));
    CHECK(run("output:find('x', 1)") == Json(3));
    CHECK(refusal("matches(output, '(')").find("not valid") != std::string::npos);
}

TEST_CASE("lua: nothing reaches out of the program", "[lua]") {
    for (const char* name : {"io", "os", "require", "dofile", "loadfile", "load", "debug",
                             "package", "print", "collectgarbage", "setmetatable", "coroutine",
                             "string.gsub", "string.match", "string.dump", "math.random"}) {
        INFO(name);
        CHECK(run(std::string(name) + " == nil") == Json(true));
    }
}

TEST_CASE("lua: a program that does not end is stopped", "[lua]") {
    const std::string limit = "the Lua program ran for more than";
    CHECK(refusal("while true do end").starts_with(limit));
    CHECK(refusal("while true do pcall(function() while true do end end) end").starts_with(limit));
    CHECK(refusal("local function f() return f() end return f()").starts_with(limit));
    CHECK(refusal("local function f() return 1 + f() end return f()")
              .starts_with("the Lua program needs more than"));
}

TEST_CASE("lua: a program that grows is stopped", "[lua]") {
    const std::string limit = "the Lua program needs more than";
    CHECK(refusal("('x'):rep(1 << 40)").find("too large") != std::string::npos);
    CHECK(refusal("('x'):rep(1 << 29)").starts_with(limit));
    CHECK(refusal("local t = {} while true do t[#t + 1] = {1, 2, 3} end").starts_with(limit));
    CHECK(refusal("#output", Json(std::string(limits::k_lua_memory_bytes_max + 1, 'x')))
              .starts_with(limit));
}

TEST_CASE("lua: mistakes come with their line", "[lua]") {
    CHECK(refusal("local x = = 1").find("lua:1:") != std::string::npos);
    CHECK(refusal("return\n\nnobody.knows").find("lua:") != std::string::npos);
    CHECK(refusal("error('my own words')").find("my own words") != std::string::npos);
    CHECK(refusal("error({})") == "the Lua program raised an error");
    CHECK_FALSE(check_lua("if then"));
    CHECK(check_lua("output == 'never run here' and nobody.knows"));
}

TEST_CASE("lua: text that is not UTF-8 comes out as replacement characters", "[lua]") {
    CHECK(run("'\\xff'") == Json("\xEF\xBF\xBD"));
}

TEST_CASE("lua: deep values are pushed without overflowing", "[lua]") {
    Json deep = 1;
    for (std::size_t i = 0; i < limits::k_json_depth_max; ++i) deep = Json::array({deep});
    CHECK(run("type(output)", deep) == Json("table"));
}

}  // namespace assay
