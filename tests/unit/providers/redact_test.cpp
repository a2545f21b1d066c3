#include "judges/providers/redact.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace assay::test {
namespace {

const std::string k_key = "sk-a/b\"c+d==";

std::string blotted(std::string text, const std::string& key = k_key) {
    (void)blot_out(text, Secret(key));
    return text;
}

std::string in_json(const std::string& text) { return to_text(Json(text)); }

}  // namespace

TEST_CASE("redact: a key is taken out as it is and as JSON and URLs write it", "[redact]") {
    CHECK(blotted("the key " + k_key + " is " + k_key) == "the key [redacted] is [redacted]");
    CHECK(blotted(in_json(k_key)) == "\"[redacted]\"");
    CHECK(blotted("?key=" + percent_encode(k_key) + "&x") == "?key=[redacted]&x");
    CHECK(blotted(R"("sk-a\/b\"c+d==")") == "\"[redacted]\"");
}

TEST_CASE("redact: a key in JSON within JSON is taken out", "[redact]") {
    std::string text = "{\"authorization\": " + in_json("Bearer " + k_key) + "}";
    for (int depth = 0; depth < 2; ++depth) {
        text = "{\"content\": " + in_json(text) + "}";
        INFO(text);
        CHECK_THAT(blotted(text), !Catch::Contains("sk-a"));
        CHECK_THAT(blotted(text), Catch::Contains("Bearer [redacted]"));
        CHECK(parse_json(blotted(text)).has_value());
    }
}

TEST_CASE("redact: whether there was a key is told and short ones stay", "[redact]") {
    std::string text = "nothing here";
    CHECK_FALSE(blot_out(text, Secret(k_key)));
    CHECK(text == "nothing here");
    CHECK_FALSE(blot_out(text, Secret("")));
    CHECK_FALSE(blot_out(text, Secret("here")));
    CHECK_FALSE(blot_out(text, Secret("nothing"), k_secret_in_output_bytes_min));
    CHECK(blot_out(text, Secret("nothing")));
    CHECK(text == "[redacted] here");
}

}  // namespace assay::test
