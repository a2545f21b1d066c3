#include <chrono>

#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::json;
using test::outcome;

bool valid(std::string_view text) { return outcome(bound("xml_valid"), text).get<bool>(); }

TEST_CASE("xml_valid: documents of every kind are well-formed", "[xml_valid]") {
    CHECK(valid("<a/>"));
    CHECK(valid("<a b=\"1\" c='2'>text<d></d><!-- x --><?pi y?><![CDATA[<&>]]></a>\n"));
    CHECK(valid("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<a>gr\u00fcn</a>"));
    CHECK(valid("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>gr\u00fcn</a>"));
    CHECK(valid("<!DOCTYPE a [<!ELEMENT a ANY><!ENTITY e \"x\">]><a b=\"&e;\">&e;&lt;&#x41;</a>"));
    CHECK(valid("<!DOCTYPE html SYSTEM \"http://example.com/x.dtd\"><html/>"));
    CHECK(valid("<n:a xmlns:n=\"urn:x\"/>"));
    CHECK(valid("<\u540d\u524d/>"));
}

TEST_CASE("xml_valid: what is not well-formed is named with its place", "[xml_valid]") {
    const std::pair<const char*, const char*> cases[] = {
        {"", "line 1, column 1: no element found"},
        {"text", "line 1, column 1: syntax error"},
        {"<a>", "line 1, column 4: no element found"},
        {"<a>\n  <b></a>", "line 2, column 8: mismatched tag"},
        {"<a/><b/>", "line 1, column 5: junk after document element"},
        {"<a b=1/>", "line 1, column 6: not well-formed (invalid token)"},
        {"<a b='1' b='2'/>", "line 1, column 10: duplicate attribute"},
        {"<a>&nbsp;</a>", "line 1, column 4: undefined entity"},
        {"<a>&#0;</a>", "line 1, column 4: reference to invalid character number"},
        {"<a>1 < 2</a>", "line 1, column 7: not well-formed (invalid token)"},
        {"<a>a & b</a>", "line 1, column 7: not well-formed (invalid token)"},
        {"<a><![CDATA[x</a>", "line 1, column 18: unclosed CDATA section"},
        {"\n<?xml version='1.0'?><a/>",
         "line 2, column 1: XML or text declaration not at start "
         "of entity"},
        {"<a>\x01</a>", "line 1, column 4: not well-formed (invalid token)"},
        {"<a>\xff</a>", "line 1, column 4: not well-formed (invalid token)"},
        {"<A></a>", "line 1, column 6: mismatched tag"}};
    for (const auto& [text, comment] : cases) {
        INFO(text);
        CHECK_FALSE(valid(text));
        CHECK(comment_of(bound("xml_valid"), text) == comment);
    }
    CHECK_FALSE(valid(std::string("<a>\0</a>", 8)));
    CHECK(outcome(bound("xml_valid"), json(R"({"a": 1})")) == false);
}

TEST_CASE("xml_valid: a text around the document is cut off by the common keys", "[xml_valid]") {
    CHECK(outcome(bound("xml_valid"), " <?xml version='1.0'?><a/>") == false);
    CHECK(outcome(bound("xml_valid", {{"strip", true}}), " <?xml version='1.0'?><a/>") == true);
    CHECK(outcome(bound("xml_valid", {{"extract", "(?s)(<a>.*</a>)"}}), "Here: <a>x</a>!") == true);
}

/// Ten times ten times ... the text "ha".
std::string billion_laughs(const char* body) {
    std::string text = "<!DOCTYPE a [<!ENTITY l0 \"ha\">";
    for (int level = 1; level < 20; ++level) {
        text += "<!ENTITY l" + std::to_string(level) + " \"";
        for (int i = 0; i < 10; ++i) text += "&l" + std::to_string(level - 1) + ";";
        text += "\">";
    }
    return text + "]>" + body;
}

TEST_CASE("xml_valid: entities neither grow nor take the stack", "[xml_valid]") {
    const auto began = std::chrono::steady_clock::now();
    for (const char* body : {"<a>&l19;</a>", "<a b='&l19;'/>"}) {
        const std::string text = billion_laughs(body);
        CHECK_FALSE(valid(text));
        CHECK(comment_of(bound("xml_valid"), text)
                  .ends_with("the entity \"l1\" is made of others, which are not followed"));
    }
    CHECK_FALSE(valid("<!DOCTYPE a [<!ENTITY x '&x;'>]><a b='&x;'/>"));
    CHECK_FALSE(valid("<!DOCTYPE a [<!ENTITY % p '<!ENTITY &#37; q \"%p;\">'> %p;]><a/>"));

    std::string chain = "<!DOCTYPE a [<!ENTITY e0 'x'>";
    for (int i = 1; i < 100'000; ++i) {
        chain += "<!ENTITY e" + std::to_string(i) + " '&e" + std::to_string(i - 1) + ";'>";
    }
    CHECK_FALSE(valid(chain + "]><a b='&e99999;'/>"));

    std::string wide = "<!DOCTYPE a [<!ENTITY e '" + std::string(1'000'000, 'x') + "'>]><a b='";
    for (int i = 0; i < 100'000; ++i) wide += "&e;";
    CHECK_FALSE(valid(wide + "'/>"));
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(5));
}

TEST_CASE("xml_valid: nesting and width have no bound that matters", "[xml_valid]") {
    std::string deep;
    std::string end;
    for (int i = 0; i < 200'000; ++i) {
        deep += "<a>";
        end += "</a>";
    }
    CHECK(valid(deep + end));
    CHECK_FALSE(valid(deep));
    std::string wide = "<a";
    for (int i = 0; i < 100'000; ++i) wide += " b" + std::to_string(i) + "=''";
    CHECK(valid(wide + "/>"));
}

TEST_CASE("xml_valid: nothing is fetched", "[xml_valid]") {
    CHECK(valid("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>"));
    CHECK_FALSE(valid("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a b='&x;'/>"));
}

}  // namespace
}  // namespace assay
