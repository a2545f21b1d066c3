#include "server/ingest/fields.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "server/tracing/limits.hpp"

namespace assay {
namespace {

TEST_CASE("fields: an environment is normalised as the contract says", "[ingest]") {
    struct Row {
        std::string text;
        std::string environment;
    };
    const std::string forty(40, 'e');
    for (const Row& row : {Row{"production", "production"},
                           Row{"Production", "production"},
                           Row{"a-b_9", "a-b_9"},
                           Row{"", "default"},
                           Row{"   ", "default"},
                           Row{"langfuse", "default"},
                           Row{"langfuse-", "default"},
                           Row{"langfuse-x", "x"},
                           Row{"LANGFUSE_x", "x"},
                           Row{"langfusex", "x"},
                           Row{"langfuse-langfuse_x", "x"},
                           Row{"langfuse-langfusex", "x"},
                           Row{"my langfuse", "default"},
                           Row{"a.b", "default"},
                           Row{"größe", "default"},
                           Row{forty, forty},
                           Row{forty + "f", forty},
                           Row{"langfuse-" + forty, forty},
                           Row{std::string("a\0b", 3), "default"},
                           Row{"sdk-experiment", "sdk-experiment"}}) {
        CAPTURE(row.text);
        CHECK(normal_environment(row.text) == row.environment);
    }
}

TEST_CASE("fields: an id has 1 to 800 characters without carriage return and NUL", "[ingest]") {
    CHECK(find_id_fault("a") == std::nullopt);
    CHECK(find_id_fault("any text / at all?") == std::nullopt);
    CHECK(find_id_fault("line\nfeed") == std::nullopt);
    CHECK(find_id_fault(std::string(800, 'a')) == std::nullopt);
    CHECK(find_id_fault(std::string(801, 'a')) == "must have 1 to 800 characters");
    std::string wide;
    for (int i = 0; i < 800; ++i) wide += "ü";
    CHECK(find_id_fault(wide) == std::nullopt);
    CHECK(find_id_fault(wide + "ü") == "must have 1 to 800 characters");
    CHECK(find_id_fault("") == "must have 1 to 800 characters");
    CHECK(find_id_fault("a\rb") == "must not contain a carriage return");
    CHECK(find_id_fault(std::string("a\0b", 3)) == "must not contain NUL");
}

TEST_CASE("fields: null and empty and false and zero say nothing", "[ingest]") {
    for (const char* const text : {"null", "\"\"", "false", "0", "0.0", "-0.0"}) {
        CAPTURE(text);
        CutFields cut;
        CHECK(says_nothing(*parse_json(text)));
        CHECK(stored_text(*parse_json(text), "input", cut) == std::nullopt);
        CHECK(stored_metadata(*parse_json(text), "metadata", cut) == Json::object());
    }
    for (const char* const text : {"{}", "[]", "true", "1", "\" \"", "\"0\"", "[null]"}) {
        CAPTURE(text);
        CHECK_FALSE(says_nothing(*parse_json(text)));
    }
}

TEST_CASE("fields: an input is stored as its text or as compact JSON", "[ingest]") {
    struct Row {
        Json value;
        std::string text;
    };
    CutFields cut;
    for (const Row& row :
         {Row{"hello\n", "hello\n"}, Row{"{\"a\": 1}", "{\"a\": 1}"},
          Row{{{"b", 1}, {"a", {1, 2}}}, R"({"a":[1,2],"b":1})"}, Row{true, "true"}, Row{7, "7"},
          Row{0.5, "0.5"}, Row{Json::object(), "{}"}, Row{Json::array({nullptr}), "[null]"}}) {
        CAPTURE(row.text);
        CHECK(stored_text(row.value, "input", cut) == row.text);
    }
    CHECK(stored_text(Json("a\xff"), "input", cut) == "a\uFFFD");
    CHECK(cut.empty());
}

TEST_CASE("fields: a text is cut at a character and says how long it was", "[ingest]") {
    std::string text = "0123456789";
    CHECK_FALSE(cut_text(text, 10));
    CHECK(text == "0123456789");

    for (std::size_t room = 40; room < 60; ++room) {
        CAPTURE(room);
        std::string wide;
        for (int i = 0; i < 100; ++i) wide += "€";
        CHECK(cut_text(wide, room));
        CHECK(wide.size() <= room);
        CHECK(wide.size() > room - 3);
        CHECK(find_invalid_utf8(wide) == std::string::npos);
        CHECK(wide.ends_with("… [cut: it had 300 bytes]"));
    }
}

TEST_CASE("fields: an input is cut from one byte over the limit on", "[ingest]") {
    CutFields cut;
    const std::string fits(limits::k_field_bytes_max, 'x');
    CHECK(stored_text(Json(fits), "input", cut) == fits);
    CHECK(cut.empty());
    const auto stored = stored_text(Json(fits + "x"), "input", cut);
    REQUIRE(stored);
    CHECK(stored->size() == limits::k_field_bytes_max);
    CHECK(stored->ends_with("… [cut: it had 1048577 bytes]"));
    CHECK(cut == CutFields{"input"});
    const auto json = stored_text(Json{{"a", fits}}, "output", cut);
    REQUIRE(json);
    CHECK(json->size() == limits::k_field_bytes_max);
    CHECK(cut == CutFields{"input", "output"});
}

TEST_CASE("fields: metadata becomes an object", "[ingest]") {
    CutFields cut;
    CHECK(stored_metadata(Json{{"a", nullptr}}, "metadata", cut) == Json{{"a", nullptr}});
    CHECK(stored_metadata(Json("text"), "metadata", cut) == Json{{"metadata", "text"}});
    CHECK(stored_metadata(Json(5), "metadata", cut) == Json{{"metadata", 5}});
    CHECK(stored_metadata(Json(true), "metadata", cut) == Json{{"metadata", true}});
    CHECK(stored_metadata(Json::array({1, "b"}), "metadata", cut) ==
          Json{{"metadata", Json::array({1, "b"})}});
    CHECK(stored_metadata(Json::object(), "metadata", cut) == Json::object());
    CHECK(cut.empty());
}

TEST_CASE("fields: of metadata over the limit the members that fit are kept", "[ingest]") {
    CutFields cut;
    const std::string half(limits::k_field_bytes_max / 2, 'x');
    const Json exact{{"a", half}, {"b", std::string(half.size() - 15, 'y')}};
    REQUIRE(to_text(exact).size() == limits::k_field_bytes_max);
    CHECK(stored_metadata(exact, "metadata", cut) == exact);
    CHECK(cut.empty());

    const Json stored = stored_metadata(Json{{"a", half}, {"b", half}, {"c", 1}}, "metadata", cut);
    CHECK(cut == CutFields{"metadata"});
    CHECK(stored.at("a") == half);
    CHECK(stored.at("b").get<std::string>().ends_with("… [cut: it had 524288 bytes]"));
    CHECK_FALSE(stored.contains("c"));
    CHECK(to_text(stored).size() <= limits::k_field_bytes_max);

    // Escapes make JSON longer than its text.
    const Json escaped = stored_metadata(Json{{"a", std::string(half.size(), '\x01')}}, "m", cut);
    CHECK(to_text(escaped).size() <= limits::k_field_bytes_max);
    CHECK(escaped.contains("a"));
}

TEST_CASE("fields: metadata with very many or very long names is bounded too", "[ingest]") {
    CutFields cut;
    Json many = Json::object();
    for (int i = 0; i < 200'000; ++i) many["member " + std::to_string(i)] = i;
    const Json kept = stored_metadata(many, "metadata", cut);
    CHECK(to_text(kept).size() <= limits::k_field_bytes_max);
    CHECK(kept.size() > 10'000);
    const Json named = stored_metadata(Json{{std::string(2 * limits::k_field_bytes_max, 'n'), 1}},
                                       "metadata", cut);
    CHECK(named == Json::object());
    CHECK(cut == CutFields{"metadata", "metadata"});
}

TEST_CASE("fields: short texts are valid and have no NUL and a bound", "[ingest]") {
    CutFields cut;
    CHECK(short_text("name", "name", cut) == "name");
    CHECK(short_text(std::string("\0a\0", 3), "name", cut) == "\uFFFDa\uFFFD");
    CHECK(short_text("\xC3(", "name", cut) == "\uFFFD(");
    const std::string fits(limits::k_short_text_bytes_max, 'x');
    CHECK(short_text(fits, "name", cut) == fits);
    CHECK(cut.empty());
    CHECK(short_text(fits + "x", "name", cut).size() == limits::k_short_text_bytes_max);
    CHECK(cut == CutFields{"name"});
}

}  // namespace
}  // namespace assay
