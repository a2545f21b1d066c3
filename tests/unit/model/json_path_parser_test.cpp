#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/limits.hpp"
#include "core/model/json_path.hpp"

namespace assay {
namespace {

std::string error_of(std::string_view text) {
    const auto parsed = JsonPath::parse(text);
    if (parsed) return "no error";
    CHECK(parsed.error().code == ErrorCode::invalid_argument);
    return parsed.error().message;
}

struct Wrong {
    std::string_view query;
    std::string_view message;
};

void check_errors(const std::vector<Wrong>& list) {
    for (const Wrong& wrong : list) {
        CAPTURE(wrong.query);
        CHECK_THAT(error_of(wrong.query), Catch::Contains(std::string(wrong.message)));
    }
}

/// The value that the one name of `$[NAME]` selects, to see how the name was read.
bool selects(std::string_view quoted_name, const std::string& key) {
    const auto parsed = JsonPath::parse("$[" + std::string(quoted_name) + "]");
    if (!parsed) FAIL(parsed.error().message);
    const Json document = Json::object({{key, 1}});
    return parsed->select(document)->size() == 1;
}

}  // namespace

TEST_CASE("json path parser: a shorthand name that begins with a digit shows the quoted form",
          "[json_path]") {
    CHECK(error_of("$.6b_finetuning.solution") ==
          "JSONPath \"$.6b_finetuning.solution\", offset 2: a name after a dot may not begin with "
          "a digit; write $['6b_finetuning'].solution");
    CHECK_THAT(error_of("$.a..6b.c"), Catch::EndsWith("write $.a..['6b'].c"));
    CHECK_THAT(error_of("$[?@.a.0 == 1]"), Catch::EndsWith("write $[?@.a['0'] == 1]"));
}

TEST_CASE("json path parser: what stands at the end or in between is named", "[json_path]") {
    check_errors({{"", "offset 0: a query begins with $, as in $.name"},
                  {"a.b", "offset 0: a query begins with $, as in $.a.b"},
                  {"@.a", "offset 0: a query begins with $"},
                  {" $", "offset 0: a query begins with $"},
                  {"$ ", "offset 1: a query has no blanks at its end"},
                  {"$.a ", "offset 3: a query has no blanks at its end"},
                  {"$.a-b", "offset 3: unexpected \"-\"; a name with other characters"},
                  {"$a", "offset 1: unexpected \"a\""},
                  {"$.", "offset 2: expected a name or *"},
                  {"$..", "offset 3: expected a name or *"},
                  {"$...a", "offset 3: expected a name or *"},
                  {"$. a", "offset 2: expected a name or *"},
                  {"$.[0]", "offset 2: expected a name or *"},
                  {"$.'a'", "offset 2: expected a name or *"},
                  {"$.a\xFF", "offset 3: the text is not UTF-8"}});
}

TEST_CASE("json path parser: mistakes in brackets are named", "[json_path]") {
    check_errors({{"$[]", "offset 2: expected a quoted name, an index, a slice"},
                  {"$[", "offset 2: expected a quoted name"},
                  {"$[a]", "offset 2: expected a quoted name"},
                  {"$[0", "offset 3: expected ] or ,"},
                  {"$[0,]", "offset 4: expected a quoted name"},
                  {"$[,0]", "offset 2: expected a quoted name"},
                  {"$[0 1]", "offset 4: expected ] or ,"},
                  {"$['a]", "offset 2: the closing quote is missing"},
                  {"$[01]", "offset 2: an index has no leading zero"},
                  {"$[-0]", "offset 2: an index has no leading zero and is not -0"},
                  {"$[-01]", "offset 2: an index has no leading zero"},
                  {"$[1.0]", "offset 3: expected ] or ,"},
                  {"$[-]", "offset 2: expected a quoted name"},
                  {"$[1:01]", "offset 4: an index has no leading zero"},
                  {"$[1:2:3:4]", "offset 7: expected ] or ,"},
                  {"$[:-0]", "offset 3: an index has no leading zero"}});
}

TEST_CASE("json path parser: integers reach from -(2^53 - 1) to 2^53 - 1", "[json_path][limits]") {
    for (const std::string_view text :
         {"$[9007199254740991]", "$[-9007199254740991]", "$[::9007199254740991]"}) {
        CHECK(error_of(text) == "no error");
    }
    check_errors({{"$[9007199254740992]", "offset 2: 9007199254740992 is outside of the range"},
                  {"$[-9007199254740992]", "outside of the range"},
                  {"$[1:9007199254740992]", "offset 4: 9007199254740992 is outside of the range"},
                  {"$[::-9007199254740992]", "outside of the range"},
                  {"$[99999999999999999999999]", "outside of the range"}});
}

TEST_CASE("json path parser: names in quotes have the escapes of JSON", "[json_path]") {
    CHECK(selects(R"('a')", "a"));
    CHECK(selects(R"("a")", "a"));
    CHECK(selects(R"('')", ""));
    CHECK(selects(R"('"')", "\""));
    CHECK(selects(R"("'")", "'"));
    CHECK(selects(R"('\'')", "'"));
    CHECK(selects(R"("\"")", "\""));
    CHECK(selects(R"('\b\f\n\r\t\/\\')", "\b\f\n\r\t/\\"));
    CHECK(selects(R"('\u00e9')", "é"));
    CHECK(selects(R"('\u00E9')", "é"));
    CHECK(selects(R"('\uD83D\uDE00')", "😀"));
    CHECK(selects("'😀'", "😀"));
    CHECK(selects("'\x7F'", "\x7F"));
    check_errors({{R"($['\"'])", "offset 3: unknown escape"},
                  {R"($["\'"])", "offset 3: unknown escape"},
                  {R"($['\a'])", "offset 3: unknown escape"},
                  {R"($['\x41'])", "offset 3: unknown escape"},
                  {R"($['\U0041'])", "offset 3: unknown escape"},
                  {R"($['\u00'])", "offset 3: \\u is followed by four hexadecimal digits"},
                  {R"($['\u-041'])", "offset 3: \\u is followed by four hexadecimal digits"},
                  {R"($['\u00G1'])", "offset 3: \\u is followed by four hexadecimal digits"},
                  {R"($['\uD83D'])", "offset 3: a high surrogate needs a low surrogate"},
                  {R"($['\uD83D\u0041'])", "offset 3: a high surrogate needs a low surrogate"},
                  {R"($['\uDE00'])", "offset 3: a low surrogate needs a high surrogate"},
                  {"$['a\nb']", "offset 4: a control character"},
                  {"$['a\\", "offset 4: unknown escape"}});
    CHECK_THAT(error_of(std::string_view("$['a\0b']", 8)), Catch::Contains("a control character"));
}

TEST_CASE("json path parser: shorthand names take letters of any script", "[json_path]") {
    for (const std::string_view text : {"$.a", "$._", "$.é", "$.日本語", "$.😀", "$.a1_", "$.A"}) {
        CHECK(error_of(text) == "no error");
    }
}

TEST_CASE("json path parser: blanks may stand where the RFC allows them", "[json_path]") {
    for (const std::string_view text :
         {"$ .a", "$\n['a']", "$ ..a", "$[ 'a' , 0 ]", "$[\t*\r\n]", "$[ ? @.a ]", "$[?@.a==1]",
          "$[?@.a  ==  1]", "$[?( @.a )]", "$[? ! @.a]", "$[?@ .a]", "$[?@.a &&@.b|| @.c]",
          "$[?length( @ ) == 1]", "$[?match( @ , 'a' )]", "$[ 1 : 2 ]", "$[: :]"}) {
        CAPTURE(text);
        CHECK(error_of(text) == "no error");
    }
}

TEST_CASE("json path parser: mistakes in filters are named", "[json_path]") {
    check_errors({{"$[?]", "offset 3: expected a query (@...), a literal or a function"},
                  {"$[?@.a", "offset 6: expected ] or ,"},
                  {"$[?(@.a]", "offset 7: expected ), && or ||"},
                  {"$[?@.a = 1]", "offset 7: expected ] or ,"},
                  {"$[?@.a == ]", "offset 10: expected a query"},
                  {"$[?@.a &&]", "offset 9: expected a query"},
                  {"$[?@.a || ]", "offset 10: expected a query"},
                  {"$[?!@.a == 1]", "offset 8: expected ] or ,"},
                  {"$[?!!@.a]", "offset 4: expected a query"},
                  {"$[?a == 1]", "offset 3: \"a\" is no literal"},
                  {"$[?@.a == b]", "a member of the current node is @.b"},
                  {"$[?@.a == True]", "offset 10: expected a query"},
                  {"$[?true]", "offset 3: a literal is no condition"},
                  {"$[?'a']", "offset 3: a literal is no condition"},
                  {"$[?1]", "offset 3: a literal is no condition"},
                  {"$[?@.* == 1]", "offset 3: only a query for a single node can be compared"},
                  {"$[?@..a == 1]", "offset 3: only a query for a single node can be compared"},
                  {"$[?1 == @[0,1]]", "offset 8: only a query for a single node"},
                  {"$[?1 == @[0:1]]", "offset 8: only a query for a single node"},
                  {"$[?@.a == 01]", "offset 10: \"01\" is no JSON number"},
                  {"$[?@.a == 1.]", "offset 10: \"1.\" is no JSON number"},
                  {"$[?@.a == .5]", "offset 10: expected a query"},
                  {"$[?@.a == 1e]", "offset 10: \"1e\" is no JSON number"},
                  {"$[?@.a == -]", "offset 10: \"-\" is no JSON number"},
                  {"$[?@.a == +1]", "offset 10: expected a query"},
                  {"$[?@.a == 1e999]", "offset 10: the number 1e999 is out of range"},
                  {"$[?match(@.a, 'a(')]", "offset 3: the regular expression"},
                  {"$[?search(@.a, '(?=a)')]", "look-around"}});
}

TEST_CASE("json path parser: numbers are those of JSON", "[json_path]") {
    for (const std::string_view text : {"0", "-0", "10", "-1.5", "1e5", "1E+5", "2e-3", "0.10"}) {
        CHECK(error_of("$[?@ == " + std::string(text) + "]") == "no error");
    }
}

TEST_CASE("json path parser: nesting is bounded", "[json_path][limits]") {
    const auto parentheses = [](std::size_t levels) {
        return "$[?" + std::string(levels, '(') + "@" + std::string(levels, ')') + "]";
    };
    CHECK(error_of(parentheses(limits::k_filter_depth_max - 1)) == "no error");
    CHECK_THAT(error_of(parentheses(limits::k_filter_depth_max)),
               Catch::Contains("nested too deeply"));

    const auto filters = [](std::size_t levels) {
        std::string text = "$";
        for (std::size_t i = 0; i < levels; ++i) text += "[?@";
        return text + std::string(levels, ']');
    };
    CHECK(error_of(filters(limits::k_filter_depth_max)) == "no error");
    CHECK_THAT(error_of(filters(limits::k_filter_depth_max + 1)),
               Catch::Contains("nested too deeply"));

    std::string calls = "@";
    for (int i = 0; i < 10'000; ++i) calls = "length(" + std::move(calls);
    CHECK_THAT(error_of("$[?" + calls), Catch::Contains("nested too deeply"));
}

}  // namespace assay
