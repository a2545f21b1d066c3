#include "core/model/json_path.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/limits.hpp"

// Each "RFC 9535" case below is an example table of that document. Members of an object are
// visited in the order of their keys, one of the orders that the RFC allows.

namespace assay {
namespace {

Json json(std::string_view text) {
    auto parsed = parse_json(text);
    if (!parsed) FAIL(parsed.error().message);
    return std::move(*parsed);
}

JsonPath query(std::string_view text) {
    auto parsed = JsonPath::parse(text);
    if (!parsed) FAIL(parsed.error().message);
    return std::move(*parsed);
}

/// The selected values as one JSON array.
Json selected(std::string_view text, const Json& document) {
    const auto nodes = query(text).select(document);
    if (!nodes) FAIL(nodes.error().message);
    Json values = Json::array();
    for (const Json* node : *nodes) values.push_back(*node);
    return values;
}

struct Example {
    std::string_view query;
    std::string_view expected;  ///< array of the selected values
};

void check_examples(std::string_view document_text, const std::vector<Example>& examples) {
    const Json document = json(document_text);
    for (const Example& example : examples) {
        CAPTURE(example.query);
        CHECK(to_text(selected(example.query, document)) == to_text(json(example.expected)));
    }
}

std::string error_of(std::string_view text) {
    const auto parsed = JsonPath::parse(text);
    return parsed ? "no error" : parsed.error().message;
}

constexpr std::string_view k_bookstore = R"({"store": {
    "book": [
      {"category": "reference", "author": "Nigel Rees", "title": "Sayings of the Century",
       "price": 8.95},
      {"category": "fiction", "author": "Evelyn Waugh", "title": "Sword of Honour",
       "price": 12.99},
      {"category": "fiction", "author": "Herman Melville", "title": "Moby Dick",
       "isbn": "0-553-21311-3", "price": 8.99},
      {"category": "fiction", "author": "J. R. R. Tolkien", "title": "The Lord of the Rings",
       "isbn": "0-395-19395-8", "price": 22.99}],
    "bicycle": {"color": "red", "price": 399}}})";

}  // namespace

TEST_CASE("json path: RFC 9535 section 1.5 - the bookstore", "[json_path]") {
    check_examples(
        k_bookstore,
        {{"$.store.book[*].author",
          R"(["Nigel Rees", "Evelyn Waugh", "Herman Melville", "J. R. R. Tolkien"])"},
         {"$..author", R"(["Nigel Rees", "Evelyn Waugh", "Herman Melville", "J. R. R. Tolkien"])"},
         {"$.store..price", "[399, 8.95, 12.99, 8.99, 22.99]"},
         {"$..book[2].title", R"(["Moby Dick"])"},
         {"$..book[2].author", R"(["Herman Melville"])"},
         {"$..book[2].publisher", "[]"},
         {"$..book[-1].title", R"(["The Lord of the Rings"])"},
         {"$..book[0,1].title", R"(["Sayings of the Century", "Sword of Honour"])"},
         {"$..book[:2].title", R"(["Sayings of the Century", "Sword of Honour"])"},
         {"$..book[?@.isbn].title", R"(["Moby Dick", "The Lord of the Rings"])"},
         {"$..book[?@.price<10].title", R"(["Sayings of the Century", "Moby Dick"])"}});
    const Json document = json(k_bookstore);
    CHECK(selected("$.store.*", document).size() == 2);
    CHECK(selected("$..*", document).size() == 27);
}

TEST_CASE("json path: RFC 9535 section 2.2 - the root identifier", "[json_path]") {
    check_examples(R"({"k": "v"})", {{"$", R"([{"k": "v"}])"}});
    check_examples("5", {{"$", "[5]"}, {"$.a", "[]"}, {"$[0]", "[]"}, {"$..*", "[]"}});
}

TEST_CASE("json path: RFC 9535 section 2.3.1 - the name selector", "[json_path]") {
    check_examples(R"({"o": {"j j": {"k.k": 3}}, "'": {"@": 2}})",
                   {{"$.o['j j']", R"([{"k.k": 3}])"},
                    {"$.o['j j']['k.k']", "[3]"},
                    {R"($.o["j j"]["k.k"])", "[3]"},
                    {R"($["'"]["@"])", "[2]"}});
}

TEST_CASE("json path: RFC 9535 section 2.3.2 - the wildcard selector", "[json_path]") {
    check_examples(R"({"o": {"j": 1, "k": 2}, "a": [5, 3]})",
                   {{"$[*]", R"([[5, 3], {"j": 1, "k": 2}])"},
                    {"$.o[*]", "[1, 2]"},
                    {"$.o[*, *]", "[1, 2, 1, 2]"},
                    {"$.a[*]", "[5, 3]"}});
}

TEST_CASE("json path: RFC 9535 section 2.3.3 - the index selector", "[json_path]") {
    check_examples(R"(["a", "b"])", {{"$[1]", R"(["b"])"}, {"$[-2]", R"(["a"])"}});
    check_examples(R"(["a", "b"])", {{"$[2]", "[]"}, {"$[-3]", "[]"}});
}

TEST_CASE("json path: RFC 9535 section 2.3.4 - the slice selector", "[json_path]") {
    check_examples(R"(["a", "b", "c", "d", "e", "f", "g"])",
                   {{"$[1:3]", R"(["b", "c"])"},
                    {"$[5:]", R"(["f", "g"])"},
                    {"$[1:5:2]", R"(["b", "d"])"},
                    {"$[5:1:-2]", R"(["f", "d"])"},
                    {"$[::-1]", R"(["g", "f", "e", "d", "c", "b", "a"])"}});
}

TEST_CASE("json path: slices clamp their ends as Python does", "[json_path]") {
    check_examples("[0, 1, 2, 3, 4, 5, 6]", {{"$[:]", "[0, 1, 2, 3, 4, 5, 6]"},
                                             {"$[::]", "[0, 1, 2, 3, 4, 5, 6]"},
                                             {"$[-9:9:2]", "[0, 2, 4, 6]"},
                                             {"$[9:-9:-2]", "[6, 4, 2, 0]"},
                                             {"$[-2:]", "[5, 6]"},
                                             {"$[:-5]", "[0, 1]"},
                                             {"$[-1:-4:-1]", "[6, 5, 4]"},
                                             {"$[3:3]", "[]"},
                                             {"$[5:2]", "[]"},
                                             {"$[2:5:-1]", "[]"},
                                             {"$[0:7:0]", "[]"},
                                             {"$[7:]", "[]"},
                                             {"$[-9:-8]", "[]"},
                                             {"$[2::9007199254740991]", "[2]"},
                                             {"$[::-9007199254740991]", "[6]"},
                                             {"$[ 1 : 5 : 2 ]", "[1, 3]"}});
    check_examples(R"({"a": 1})", {{"$[:]", "[]"}, {"$[0]", "[]"}});
    check_examples("[]", {{"$[::-1]", "[]"}, {"$[-1]", "[]"}});
}

TEST_CASE("json path: RFC 9535 section 2.3.5 - comparisons", "[json_path]") {
    struct Comparison {
        std::string_view text;
        bool expected;
    };
    const Json document = json(R"({"obj": {"x": "y"}, "arr": [2, 3]})");
    for (const Comparison& comparison : std::vector<Comparison>{
             {"$.absent1 == $.absent2", true},
             {"$.absent1 <= $.absent2", true},
             {"$.absent == 'g'", false},
             {"$.absent1 != $.absent2", false},
             {"$.absent != 'g'", true},
             {"1 <= 2", true},
             {"1 > 2", false},
             {"13 == '13'", false},
             {"'a' <= 'b'", true},
             {"'a' > 'b'", false},
             {"$.obj == $.arr", false},
             {"$.obj != $.arr", true},
             {"$.obj == $.obj", true},
             {"$.obj != $.obj", false},
             {"$.arr == $.arr", true},
             {"$.arr != $.arr", false},
             {"$.obj == 17", false},
             {"$.obj != 17", true},
             {"$.obj <= $.arr", false},
             {"$.obj < $.arr", false},
             {"$.obj <= $.obj", true},
             {"$.arr <= $.arr", true},
             {"1 <= $.arr", false},
             {"1 >= $.arr", false},
             {"1 > $.arr", false},
             {"1 < $.arr", false},
             {"true <= true", true},
             {"true > true", false},
             // Not in the table, but said in the text of the section.
             {"null <= null", true},
             {"null == false", false},
             {"$.absent < $.absent", false},
             {"$.absent == null", false},
             {"1 == 1.0", true},
             {"-0 == 0", true},
             {"1e2 == 100", true},
             {"'' < 'a'", true},
             {"'ab' < 'b'", true},
             {"'Z' < 'a'", true},
             {"'\xEE\x80\x80' < '\xF0\x9F\x98\x80'", true},
         }) {
        CAPTURE(comparison.text);
        const std::string text = "$[?" + std::string(comparison.text) + "]";
        CHECK(selected(text, document).size() == (comparison.expected ? 2 : 0));
    }
}

TEST_CASE("json path: RFC 9535 section 2.3.5 - the filter selector", "[json_path]") {
    check_examples(
        R"({"a": [3, 5, 1, 2, 4, 6, {"b": "j"}, {"b": "k"}, {"b": {}}, {"b": "kilo"}],
            "o": {"p": 1, "q": 2, "r": 3, "s": 5, "t": {"u": 6}}, "e": "f"})",
        {{"$.a[?@.b == 'kilo']", R"([{"b": "kilo"}])"},
         {"$.a[?(@.b == 'kilo')]", R"([{"b": "kilo"}])"},
         {"$.a[?@>3.5]", "[5, 4, 6]"},
         {"$.a[?@.b]", R"([{"b": "j"}, {"b": "k"}, {"b": {}}, {"b": "kilo"}])"},
         {"$[?@.*]", R"([[3, 5, 1, 2, 4, 6, {"b": "j"}, {"b": "k"}, {"b": {}}, {"b": "kilo"}],
                         {"p": 1, "q": 2, "r": 3, "s": 5, "t": {"u": 6}}])"},
         {"$[?@[?@.b]]",
          R"([[3, 5, 1, 2, 4, 6, {"b": "j"}, {"b": "k"}, {"b": {}}, {"b": "kilo"}]])"},
         {"$.o[?@<3, ?@<3]", "[1, 2, 1, 2]"},
         {R"($.a[?@<2 || @.b == "k"])", R"([1, {"b": "k"}])"},
         {R"($.a[?match(@.b, "[jk]")])", R"([{"b": "j"}, {"b": "k"}])"},
         {R"($.a[?search(@.b, "[jk]")])", R"([{"b": "j"}, {"b": "k"}, {"b": "kilo"}])"},
         {"$.o[?@>1 && @<4]", "[2, 3]"},
         {"$.o[?@.u || @.x]", R"([{"u": 6}])"},
         {"$.a[?@.b == $.x]", "[3, 5, 1, 2, 4, 6]"},
         {"$.a[?@ == @]",
          R"([3, 5, 1, 2, 4, 6, {"b": "j"}, {"b": "k"}, {"b": {}}, {"b": "kilo"}])"}});
}

TEST_CASE("json path: RFC 9535 section 2.3.5 - precedence of logical operators", "[json_path]") {
    const Json document = json(R"([{"a": 1}, {"b": 1}, {"a": 1, "c": 1}, {"b": 1, "c": 1}, {}])");
    const auto count = [&](std::string_view text) { return selected(text, document).size(); };
    CHECK(count("$[?@.a || @.b && @.c]") == 3);  // && binds tighter
    CHECK(count("$[?(@.a || @.b) && @.c]") == 2);
    CHECK(count("$[?!@.a && @.b]") == 2);  // ! binds tightest
    CHECK(count("$[?!(@.a && @.c)]") == 4);
    CHECK(count("$[?!@.a]") == 3);
    CHECK(count("$[?! (@.a)]") == 3);
}

TEST_CASE("json path: RFC 9535 section 2.4.9 - well-typed function expressions", "[json_path]") {
    for (const std::string_view valid :
         {"$[?length(@) < 3]", "$[?count(@.*) == 1]", "$[?match(@.timezone, 'Europe/.*')]",
          R"($[?value(@..color) == "red"])", "$[?length(value(@..a)) == 1]",
          "$[?count(@..*) > length(@)]", "$[?!search(@, 'a')]"}) {
        CHECK(error_of(valid) == "no error");
    }
    struct Wrong {
        std::string_view query;
        std::string_view message;
    };
    for (const Wrong& wrong : std::vector<Wrong>{
             {"$[?length(@.*) < 3]", "offset 10: only a query for a single node"},
             {"$[?count(1) == 1]", "offset 9: count() takes a query"},
             {"$[?count(foo(@.*)) == 1]", "offset 9: unknown function \"foo\""},
             {"$[?match(@.timezone, 'Europe/.*') == true]", "offset 3: match() is true or false"},
             {"$[?value(@..color)]", "offset 3: the result of value() must be compared"},
             {"$[?count(@.*)]", "offset 3: the result of count() must be compared"},
             {"$[?!length(@)]", "offset 4: the result of length() must be compared"},
             {"$[?bar(@.a)]", "offset 3: unknown function \"bar\""},
             {"$[?lenght(@) == 1]", "did you mean \"length\"?"},
             {"$[?length() == 1]", "offset 3: length() takes 1 argument, not 0"},
             {"$[?match(@.a)]", "offset 3: match() takes 2 arguments, not 1"},
             {"$[?count(@, @) == 1]", "offset 3: count() takes 1 argument, not 2"},
             {"$[?length(match(@, 'a')) == 1]", "offset 10: match() is true or false"},
             {"$[?count (@.*) == 1]", "offset 3: \"count\" is no literal"},
             {"$[?length(@,) == 1]", "expected an argument after the comma"},
             {"$[?length(@ == 1]", "expected , or )"},
         }) {
        CAPTURE(wrong.query);
        CHECK_THAT(error_of(wrong.query), Catch::Contains(std::string(wrong.message)));
    }
}

TEST_CASE("json path: RFC 9535 section 2.4 - what the functions return", "[json_path]") {
    check_examples(R"([{"a": "ab"}, {"a": "d"}, {"a": [1, 2, 3]}, {"a": {"x": 1}}, {"a": 5}, {}])",
                   {{"$[?length(@.a) == 2]", R"([{"a": "ab"}])"},
                    {"$[?length(@.a) == 3]", R"([{"a": [1, 2, 3]}])"},
                    {"$[?length(@.a) == 1]", R"([{"a": "d"}, {"a": {"x": 1}}])"},
                    {"$[?length(@.a) == length(@.none)]", R"([{"a": 5}, {}])"},
                    {"$[?count(@.a.*) == 3]", R"([{"a": [1, 2, 3]}])"},
                    {"$[?count(@.none) == 0 && !@.a]", "[{}]"},
                    {"$[?value(@.a.*) == 1]", R"([{"a": {"x": 1}}])"},
                    {"$[?value(@.a) == 5]", R"([{"a": 5}])"}});
    check_examples(R"(["é", "😀", "ab"])", {{"$[?length(@) == 1]", R"(["é", "😀"])"}});
}

TEST_CASE("json path: RFC 9535 section 2.4.6 - match and search", "[json_path]") {
    check_examples(
        R"(["1974-05-01", "x1974-05-", "ab", "a\nb", "a\rb", "a.b", 5, null, ["ab"]])",
        {{R"($[?match(@, "1974-05-..")])", R"(["1974-05-01"])"},
         {R"($[?search(@, "1974-05")])", R"(["1974-05-01", "x1974-05-"])"},
         {"$[?match(@, 'a.b')]", R"(["a.b"])"},
         {"$[?match(@, 'a\\\\.b')]", R"(["a.b"])"},
         {"$[?match(@, 'a[.]b')]", R"(["a.b"])"},
         {"$[?match(@, 'a|ab')]", R"(["ab"])"},
         {"$[?match(@, '\\\\p{Ll}+')]", R"(["ab"])"},
         {"$[?search(@, '')]", R"(["1974-05-01", "x1974-05-", "ab", "a\nb", "a\rb", "a.b"])"},
         {"$[?match(@, 1)]", "[]"},
         {"$[?match(1, @)]", "[]"}});
}

TEST_CASE("json path: a pattern may come from the document", "[json_path]") {
    check_examples(R"({"p": "a+", "broken": "a(", "items": ["aa", "b"]})",
                   {{"$.items[?match(@, $.p)]", R"(["aa"])"},
                    {"$.items[?match(@, $.broken)]", "[]"},
                    {"$.items[?match(@, $.absent)]", "[]"}});
}

TEST_CASE("json path: RFC 9535 section 2.5.1 - child segments", "[json_path]") {
    check_examples(R"(["a", "b", "c", "d", "e", "f", "g"])", {{"$[0, 3]", R"(["a", "d"])"},
                                                              {"$[0:2, 5]", R"(["a", "b", "f"])"},
                                                              {"$[0, 0]", R"(["a", "a"])"}});
}

TEST_CASE("json path: RFC 9535 section 2.5.2 - descendant segments", "[json_path]") {
    check_examples(R"({"o": {"j": 1, "k": 2}, "a": [5, 3, [{"j": 4}, {"k": 6}]]})",
                   {{"$..j", "[4, 1]"},
                    {"$..[0]", R"([5, {"j": 4}])"},
                    {"$..[*]", R"([[5, 3, [{"j": 4}, {"k": 6}]], {"j": 1, "k": 2}, 5, 3,
                                   [{"j": 4}, {"k": 6}], {"j": 4}, {"k": 6}, 4, 6, 1, 2])"},
                    {"$..*", R"([[5, 3, [{"j": 4}, {"k": 6}]], {"j": 1, "k": 2}, 5, 3,
                                 [{"j": 4}, {"k": 6}], {"j": 4}, {"k": 6}, 4, 6, 1, 2])"},
                    {"$..o", R"([{"j": 1, "k": 2}])"},
                    {"$.o..[*, *]", "[1, 2, 1, 2]"},
                    {"$.a..[0, 1]", R"([5, 3, {"j": 4}, {"k": 6}])"}});
}

TEST_CASE("json path: RFC 9535 section 2.6 - null is a value", "[json_path]") {
    check_examples(R"({"a": null, "b": [null], "c": [{}], "null": 1})",
                   {{"$.a", "[null]"},
                    {"$.a[0]", "[]"},
                    {"$.a.d", "[]"},
                    {"$.b[0]", "[null]"},
                    {"$.b[*]", "[null]"},
                    {"$.b[?@]", "[null]"},
                    {"$.b[?@==null]", "[null]"},
                    {"$.c[?@.d==null]", "[]"},
                    {"$.null", "[1]"}});
}

TEST_CASE("json path: integers keep all their digits in comparisons", "[json_path]") {
    check_examples(R"([9007199254740993, 9007199254740992, 18446744073709551615, -1])",
                   {{"$[?@ == 9007199254740993]", "[9007199254740993]"},
                    {"$[?@ == -1]", "[-1]"},
                    {"$[?@ > 9007199254740992]", "[9007199254740993, 18446744073709551615]"},
                    {"$[?@ == 9007199254740992.0]", "[9007199254740992]"}});
}

TEST_CASE("json path: value gives a node or an array of all or nothing", "[json_path]") {
    const Json document = json(R"({"a": {"b": [1, 2]}, "n": null})");
    Json scratch;
    const auto value = [&](std::string_view text) { return query(text).value(document, scratch); };
    CHECK(*value("$.a.b[1]") == &document["a"]["b"][1]);
    CHECK(*value("$.n") == &document["n"]);
    CHECK(*value("$") == &document);
    CHECK(*value("$.a.c") == nullptr);
    CHECK(*value("$.a.b[5]") == nullptr);
    CHECK(*value("$.x[*]") == nullptr);
    REQUIRE(*value("$.a.b[*]") == &scratch);
    CHECK(scratch == json("[1, 2]"));
    REQUIRE(*value("$.a.b[0:1]") == &scratch);
    CHECK(scratch == json("[1]"));
}

TEST_CASE("json path: only names and indexes make a query singular", "[json_path]") {
    for (const std::string_view text : {"$", "$.a", "$['a'].b[0]", "$[-1]", "$ ['a'] [0]"}) {
        CHECK(query(text).is_singular());
    }
    for (const std::string_view text : {"$.*", "$..a", "$[0,1]", "$[0:1]", "$[?@.a]", "$.a[*].b"}) {
        CHECK_FALSE(query(text).is_singular());
    }
    CHECK(query("$.a[0]").text() == "$.a[0]");
}

TEST_CASE("json path: what a query may visit is bounded", "[json_path][limits]") {
    Json row = Json::array();
    for (int i = 0; i < 100; ++i) row.push_back(i);
    Json document = Json::array();
    for (int i = 0; i < 100; ++i) document.push_back(row);
    // 10,000 leaves: once over is fine, every leaf against every leaf is not.
    CHECK(query("$..*").select(document)->size() == 10'100);
    const auto refused = query("$[*][?count($..*) > 1]").select(document);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::resource_exhausted);
    CHECK_THAT(refused.error().message, Catch::Contains("more than 1000000 values"));
}

TEST_CASE("json path: the bound lies at its number of visited values", "[json_path][limits]") {
    // $[*] counts the array it looks into and every element it selects.
    const Json fits(limits::k_json_path_nodes_max - 1, Json(0));
    CHECK(query("$[*]").select(fits)->size() == limits::k_json_path_nodes_max - 1);
    const Json exceeds(limits::k_json_path_nodes_max, Json(0));
    CHECK_FALSE(query("$[*]").select(exceeds));
}

TEST_CASE("json path: the deepest document that can be parsed is walked", "[json_path][limits]") {
    const std::string open(limits::k_json_depth_max, '[');
    const std::string close(limits::k_json_depth_max, ']');
    CHECK(selected("$..*", json(open + "1" + close)).size() == limits::k_json_depth_max);
}

}  // namespace assay
