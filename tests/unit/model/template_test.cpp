#include "core/model/template.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/limits.hpp"

namespace assay {
namespace {

/// A scope that owns its values; a null member is a name that does not exist.
struct Values {
    Json input;
    Json expected_output;
    Json metadata;
    Json vars;
    Json steps;
    Json output;

    [[nodiscard]] TemplateScope scope() const {
        const auto present = [](const Json& value) { return value.is_null() ? nullptr : &value; };
        return {.input = present(input),
                .expected_output = present(expected_output),
                .metadata = present(metadata),
                .vars = present(vars),
                .steps = present(steps),
                .output = present(output)};
    }
};

Values ticket() {
    return {.input = {{"question", "Why?"}, {"metadata", "of the input"}, {"n", 5}},
            .expected_output = "billing",
            .metadata = {{"tier", "gold"}, {"tags", {"a", "b"}}, {"nothing", nullptr}},
            .vars = {{"tone", "kind"}},
            .steps = {{"find", {{"output", {{"ids", {7, 8}}}}}}},
            .output = nullptr};
}

TextTemplate parsed(std::string_view text) {
    auto made = TextTemplate::parse(text);
    if (!made) FAIL(made.error().message);
    return std::move(*made);
}

std::string rendered(std::string_view text, const Values& values = ticket()) {
    const auto result = parsed(text).render(values.scope());
    return result ? *result : "error: " + result.error().message;
}

std::string parse_error(std::string_view text) {
    const auto made = TextTemplate::parse(text);
    if (made) return "no error";
    CHECK(made.error().code == ErrorCode::invalid_argument);
    return made.error().message;
}

}  // namespace

TEST_CASE("template: names reach into every part of the scope", "[template]") {
    CHECK(rendered("Q: {{question}}") == "Q: Why?");
    CHECK(rendered("{{input.question}}|{{expected_output}}|{{metadata.tier}}|{{vars.tone}}") ==
          "Why?|billing|gold|kind");
    CHECK(rendered("{{steps.find.output.ids.1}}") == "8");
    CHECK(rendered("{{ question }}{{\tquestion\n}}") == "Why?Why?");
    CHECK(rendered("{{metadata.tags.0}}{{metadata.tags[1]}}") == "ab");
}

TEST_CASE("template: a bare name looks in the input first", "[template]") {
    CHECK(rendered("{{metadata}}") == "of the input");
    CHECK(rendered("{{metadata.tier}}") == "gold");
    CHECK(rendered("{{vars}}") == R"({"tone":"kind"})");
    Values nested = ticket();
    nested.input["user"] = {{"name", "Ada"}};
    CHECK(rendered("{{user.name}}", nested) == "Ada");
    nested.vars = nullptr;
    nested.input["vars"] = {{"x", "from the input"}};
    CHECK(rendered("{{vars.x}}", nested) == "from the input");
    CHECK(rendered("{{input}}", {.input = "just text"}) == "just text");
}

TEST_CASE("template: values that are not text are inserted as compact JSON", "[template]") {
    CHECK(rendered("{{n}} {{metadata.tags}} {{steps.find.output}} {{metadata.nothing}}") ==
          R"(5 ["a","b"] {"ids":[7,8]} null)");
    CHECK(rendered("{{input}}", {.input = {{"b", true}, {"a", 1.5}}}) == R"({"a":1.5,"b":true})");
}

TEST_CASE("template: a default stands in for what is missing or null", "[template]") {
    CHECK(rendered("[{{absent | default('')}}]") == "[]");
    CHECK(rendered("[{{absent|default(\"none\")}}]") == "[none]");
    CHECK(rendered("[{{ metadata.x.y | default( 'it''s' ) }}]") == "[it's]");
    CHECK(rendered("{{metadata.nothing | default('-')}}") == "-");
    CHECK(rendered("{{question | default('-')}}") == "Why?");
    CHECK(rendered("{{output | default('}}')}}") == "}}");
    const Values empty_text{.input = {{"x", ""}}};
    CHECK(rendered("[{{x | default('-')}}]", empty_text) == "[]");
}

TEST_CASE("template: inserted text is never expanded again", "[template]") {
    const Values values{.input = {{"a", "{{b}}"}, {"b", "secret"}}};
    CHECK(rendered("{{a}}", values) == "{{b}}");
    CHECK(rendered("{{x | default('{{b}}')}}", values) == "{{b}}");
}

TEST_CASE("template: escaped and single braces are literal", "[template]") {
    CHECK(rendered(R"(\{{question}})") == "{{question}}");
    CHECK(rendered(R"(a\{{b}} {{question}} \{{)") == "a{{b}} Why? {{");
    CHECK(rendered(R"({"a": {"b": 1}} } { }})") == R"({"a": {"b": 1}} } { }})");
    CHECK(rendered(R"(C:\dir \ {{question}})") == R"(C:\dir \ Why?)");
    CHECK(rendered("") == "");
    CHECK(rendered("{% if x %} ${HOME} $question") == "{% if x %} ${HOME} $question");
}

TEST_CASE("template: names with other characters are quoted in brackets", "[template]") {
    const Values values{.input = {{"First name", "Ada"}, {"a-b", 1}, {"日本", 2}, {"x'y", 3}}};
    CHECK(rendered("{{['First name']}} {{input['First name']}}", values) == "Ada Ada");
    CHECK(rendered("{{a-b}} {{日本}} {{[\"x'y\"]}} {{['x''y']}}", values) == "1 2 3 3");
    CHECK(parsed("{{input['First name'].a[0]}}").variables() ==
          std::vector<std::string>{"input['First name'].a[0]"});
}

TEST_CASE("template: a missing variable is named with the names that exist", "[template]") {
    CHECK(rendered("{{qestion}}") ==
          "error: the variable {{qestion}} has no value: the row has metadata, n, question, input, "
          "expected_output, vars, steps; did you mean \"question\"?");
    CHECK(rendered("{{metadata.teir}}") ==
          "error: the variable {{metadata.teir}} has no value: \"metadata\" has nothing, tags, "
          "tier; did you mean \"tier\"?");
    CHECK(rendered("{{metadata.tags.2}}") ==
          "error: the variable {{metadata.tags.2}} has no value: \"metadata.tags\" has elements 0 "
          "to 1");
    CHECK(rendered("{{question.x}}") ==
          "error: the variable {{question.x}} has no value: \"question\" is a string");
    CHECK(rendered("{{x}}", {}) == "error: the variable {{x}} has no value: the row has no names");
    CHECK(rendered("{{input.x}}", {.input = Json::object()}) ==
          "error: the variable {{input.x}} has no value: \"input\" has no names");
    CHECK(rendered("{{input.0}}", {.input = Json::array()}) ==
          "error: the variable {{input.0}} has no value: \"input\" has no elements");
}

TEST_CASE("template: a long list of names is cut", "[template]") {
    Values values{.input = Json::object()};
    for (int i = 10; i < 40; ++i) values.input["column_" + std::to_string(i)] = i;
    const std::string message = rendered("{{zzz}}", values);
    CHECK_THAT(message, Catch::Contains("column_29 and 11 more"));
    CHECK_THAT(message, !Catch::Contains("column_30"));
}

TEST_CASE("template: array elements are addressed by plain numbers", "[template]") {
    const Values values{.input = {{"a", {"x"}}, {"o", {{"01", "named"}}}}};
    CHECK(rendered("{{a.0}}", values) == "x");
    CHECK(rendered("{{o.01}}", values) == "named");
    for (const std::string_view text :
         {"{{a.1}}", "{{a.00}}", "{{a.-1}}", "{{a.99999999999999999999}}", "{{a.0x}}"}) {
        CHECK_THAT(rendered(text, values), Catch::StartsWith("error: "));
    }
}

TEST_CASE("template: mistakes are named with line and column", "[template]") {
    struct Wrong {
        std::string_view text;
        std::string_view message;
    };
    for (const Wrong& wrong : std::vector<Wrong>{
             {"{{", "line 1, column 3: expected a name"},
             {"{{}}", "line 1, column 3: expected a name"},
             {"a\né {{x", "line 2, column 6: expected }} after the name"},
             {"{{x}", "line 1, column 4: expected }} after the name"},
             {"{{x y}}", "line 1, column 5: expected }} after the name"},
             {"{{a.}}", "line 1, column 5: expected a name"},
             {"{{.a}}", "line 1, column 3: expected a name"},
             {"{{a b.c}}", "line 1, column 5: expected }}"},
             {"{{ #if x }}", "line 1, column 4: expected a name"},
             {"{{x | upper}}", "unknown filter \"upper\"; the only one is default('text')"},
             {"{{x | }}", "unknown filter \"\"; the only one is default('text')"},
             {"{{x | default}}", "line 1, column 14: expected ( after default"},
             {"{{x | default(5)}}", "line 1, column 15: expected a text in quotes"},
             {"{{x | default('a}}", "line 1, column 15: the closing quote is missing"},
             {"{{x | default('a'}}", "line 1, column 18: expected ) after the default"},
             {"{{x | default('a') | default('b')}}", "line 1, column 20: expected }}"},
             {"{{x['a'}}", "line 1, column 8: expected ] after the name"},
             {"{{x[a]}}", "line 1, column 5: expected a text in quotes or a number"},
             {"{{x()}}", "line 1, column 4: expected }} after the name"},
         }) {
        CAPTURE(wrong.text);
        CHECK_THAT(parse_error(wrong.text), Catch::Contains(std::string(wrong.message)));
    }
    CHECK_THAT(parse_error("{{"), Catch::EndsWith("write {{name}} or {{name | default('')}}, and "
                                                  "\\{{ for the braces themselves"));
}

TEST_CASE("template: variables are listed as written", "[template]") {
    const TextTemplate made = parsed(R"(a {{x}} \{{no}} {{ y.z | default('') }} {{x}})");
    CHECK(made.has_variables());
    CHECK(made.variables() == std::vector<std::string>{"x", "y.z", "x"});
    CHECK_FALSE(parsed("no variables {").has_variables());
    CHECK(parsed("").variables().empty());
}

TEST_CASE("template: a result is at most one megabyte", "[template][limits]") {
    const std::size_t most = limits::k_template_output_bytes_max;
    CHECK(rendered("{{x}}", {.input = {{"x", std::string(most, 'a')}}}).size() == most);
    const auto refused =
        parsed("{{x}}{{x}}")
            .render(Values{.input = {{"x", std::string(most / 2 + 1, 'a')}}}.scope());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::resource_exhausted);
}

TEST_CASE("template: find in scope resolves paths", "[template]") {
    const Values values = ticket();
    const TemplateScope scope = values.scope();
    CHECK(find_in_scope(scope, {"input", "question"}) == &values.input["question"]);
    CHECK(find_in_scope(scope, {"question"}) == &values.input["question"]);
    CHECK(find_in_scope(scope, {"metadata", "tags", "1"}) == &values.metadata["tags"][1]);
    CHECK(find_in_scope(scope, {"output"}) == nullptr);
    CHECK(find_in_scope(scope, {}) == nullptr);
    CHECK(find_in_scope({}, {"input"}) == nullptr);
}

TEST_CASE("template: an encoder changes what is inserted and nothing else") {
    const Json input = {{"x", "a b"}, {"n", {1, 2}}};
    const auto bracket = [](std::string_view value) { return "<" + std::string(value) + ">"; };
    const auto text = TextTemplate::parse("a b {{x}} {{n}} {{y | default('d')}} \\{{x}}");
    REQUIRE(text);
    CHECK(text->render({.input = &input}, bracket) == "a b <a b> <[1,2]> <d> {{x}}");
    CHECK(text->render({.input = &input}) == "a b a b [1,2] d {{x}}");
}

TEST_CASE("template: a framer is told the name of what it writes") {
    const Json input = {{"x", "{{n}}"}, {"First name", "Ada"}};
    const TextTemplate::Framer frame = [](std::string_view name, std::string_view value) {
        return fmt::format("<{}={}>", name, value);
    };
    const auto text = TextTemplate::parse("x {{ x }} {{input['First name']}} {{y | default('d')}}");
    REQUIRE(text);
    CHECK(text->render({.input = &input}, frame) == "x <x={{n}}> <input['First name']=Ada> <y=d>");
    CHECK(text->render({.input = &input}, TextTemplate::Framer()) == "x {{n}} Ada d");
    CHECK(text->text() == "x {{ x }} {{input['First name']}} {{y | default('d')}}");
}

TEST_CASE("template: mapped names come before all others") {
    const Json input = {{"question", "Why?"}, {"context", "of the input"}};
    const Json output = "the output";
    const Json mapped = {{"context", {{"title", "mapped"}}}, {"output", "mapped, too"}};
    const TemplateScope scope = {.input = &input, .output = &output, .mapped = &mapped};
    CHECK(parsed("{{context.title}} {{output}} {{question}}").render(scope) ==
          "mapped mapped, too Why?");
    // The input's own member is still there under its whole name.
    CHECK(parsed("{{input.context}}").render(scope) == "of the input");
    const auto missing = parsed("{{contxt}}").render(scope);
    REQUIRE_FALSE(missing.has_value());
    CHECK_THAT(missing.error().message, Catch::Contains("did you mean \"context\"?"));
}

TEST_CASE("template: own names may come before those of the input when they stand alone") {
    const Json input = {{"output", "of the input"}, {"question", "Why?"}};
    const Json output = "the output";
    TemplateScope scope = {.input = &input, .output = &output};
    CHECK(parsed("{{output}} {{question}}").render(scope) == "of the input Why?");
    scope.own_names_first = true;
    CHECK(parsed("{{output}} {{question}}").render(scope) == "the output Why?");
}

TEST_CASE("template: needed variables have no default") {
    const auto text = parsed("{{a}} {{b.c | default('')}} {{d[0]}} {{a | default('x')}}");
    CHECK(text.needed_variables() == std::vector<std::string>{"a", "d[0]"});
}

TEST_CASE("template: a text that is one variable gives the value itself") {
    const Json input = {{"n", {1, 2}}, {"nothing", nullptr}, {"text", "{{n}}"}};
    const auto value = [&input](std::string_view text) {
        return TextTemplate::parse(text).value().render_value({.input = &input});
    };
    CHECK(value("{{n}}").value() == Json({1, 2}));
    CHECK(value("{{nothing}}").value() == Json());
    CHECK(value("{{nothing | default('d')}}").value() == "d");
    CHECK(value("{{missing | default('d')}}").value() == "d");
    CHECK(value("{{text}}").value() == "{{n}}");
    CHECK(value(" {{n}}").value() == " [1,2]");
    CHECK(value("{{n}}{{n}}").value() == "[1,2][1,2]");
    CHECK(value("n").value() == "n");
    CHECK(value("").value() == "");
    CHECK(!value("{{missing}}"));
}

TEST_CASE("template: paths are taken apart") {
    const auto text =
        TextTemplate::parse("a {{input}} {{ steps['look up'].output[0] | default('') }}");
    REQUIRE(text);
    CHECK(text->paths() ==
          std::vector<std::vector<std::string>>{{"input"}, {"steps", "look up", "output", "0"}});
}

TEST_CASE("template: steps to come stand for nothing and everything else is still looked up") {
    const Json input = {{"x", 1}, {"steps", "mine"}};
    const TemplateScope scope = {.input = &input, .steps_to_come = true};
    const auto render = [&scope](std::string_view text) {
        return TextTemplate::parse(text).value().render(scope);
    };
    CHECK(render("{{x}}[{{steps.find.output.ids[0]}}]") == "1[]");
    CHECK(render("{{steps.find.output | default('d')}}") == "d");
    CHECK(render("{{steps}}") == "mine");
    CHECK_FALSE(render("{{steps.find.output}}{{missing}}"));
    CHECK(TextTemplate::parse("{{steps.find.output}}").value().render_value(scope).value() == "");
}

}  // namespace assay
