#include "runner/engine/prompt.hpp"

#include <catch2/catch.hpp>

#include "configs/load_spec.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay::test {
namespace {

using std::string_literals::operator""s;

const std::string k_png = "\x89PNG\r\n\x1a\n one"s;
const std::string k_jpeg = "\xff\xd8\xff\xe0 two"s;
const std::string k_png_base64 = "iVBORw0KGgogb25l";

/// A prompt whose one message holds this content part.
struct Scene {
    explicit Scene(const std::string& part) {
        folder.write("rows.jsonl", "{}\n");
        folder.write("a.png", k_png);
        folder.write("b.jpg", k_jpeg);
        folder.write("text.png", "no image");
        load(part);
    }

    void load(const std::string& part) {
        folder.write("spec.yaml",
                     "experiment: e\ndataset: rows.jsonl\ntask:\n  provider: openai:m\n  prompt:\n"
                     "    - {role: user, content: [{type: text, text: hi}, " +
                         part + "]}\n");
        LoadedSpec loaded = load_spec(folder.path() / "spec.yaml", {});
        REQUIRE(to_string(loaded.diagnostics) == "");
        prompt = *loaded.spec.variants.at(0).task.prompt;
    }

    Result<Json> render(Json input = Json::object()) const {
        const TemplateScope scope{.input = &input};
        ASSAY_TRY(const auto messages, render_prompt(prompt, scope));
        return messages.at(0).content.at(1);
    }
    std::string problem(const Json& input) const {
        const auto rendered = render(input);
        REQUIRE_FALSE(rendered.has_value());
        return rendered.error().message;
    }
    std::string files(Json input) const { return fingerprint_of_files(prompt, {.input = &input}); }

    TemporaryFolder folder;
    PromptSpec prompt;
};

}  // namespace

TEST_CASE("prompt: a file beside the spec becomes an image with its bytes", "[engine]") {
    const Scene scene("{type: image, file: a.png}");
    CHECK(to_text(scene.render().value()) ==
          R"({"data":")" + k_png_base64 + R"(","media_type":"image/png","type":"image"})");
    // Nothing of it depends on the row.
    CHECK(scene.files(Json::object()) == "");
}

TEST_CASE("prompt: the content of an image is part of the prompt's hash", "[engine]") {
    Scene scene("{type: image, file: a.png}");
    const std::string before = scene.prompt.sha256;
    scene.load("{type: image, file: a.png}");
    CHECK(scene.prompt.sha256 == before);
    scene.folder.write("a.png", k_png + " changed");
    scene.load("{type: image, file: a.png}");
    CHECK(scene.prompt.sha256 != before);
}

TEST_CASE("prompt: a file that the row names is read for each row", "[engine]") {
    const Scene scene("{type: image, file: \"{{photo}}\"}");
    CHECK(scene.render({{"photo", "b.jpg"}})->at("media_type") == "image/jpeg");
    CHECK(scene.files({{"photo", "a.png"}}) != scene.files({{"photo", "b.jpg"}}));
    CHECK(scene.files({{"photo", "a.png"}}) != "");
    const std::string before = scene.files({{"photo", "a.png"}});
    scene.folder.write("a.png", k_png + "!");
    CHECK(scene.files({{"photo", "a.png"}}) != before);
    CHECK_THAT(scene.problem({{"photo", "missing.png"}}), Catch::Contains("missing.png"));
    CHECK(scene.problem({{"photo", "text.png"}}) ==
          "the file of the image {{photo}} is no PNG, JPEG, GIF or WebP image");
    CHECK_THAT(scene.problem(Json::object()), Catch::Contains("photo"));
}

TEST_CASE("prompt: an address is filled in and not read", "[engine]") {
    const Scene scene("{type: image, url: \"https://example.com/{{name}}.png\"}");
    CHECK(to_text(scene.render({{"name", "x"}}).value()) ==
          R"({"type":"image","url":"https://example.com/x.png"})");
    CHECK(scene.files({{"name", "x"}}) == "");
}

TEST_CASE("prompt: media from the row may be larger than a text may be", "[engine]") {
    const Scene scene("{type: image, media: \"{{photo}}\"}");
    CHECK(scene.render({{"photo", "data:image/png;base64," + k_png_base64}})->at("data") ==
          k_png_base64);
    CHECK(scene.render({{"photo", k_png_base64}})->at("media_type") == "image/png");
    std::string large = k_png_base64;
    while (large.size() < 2 * limits::k_template_output_bytes_max) large += large;
    CHECK(scene.render({{"photo", large}})->at("data") == large);
    CHECK(scene.problem({{"photo", "https://example.com"}})
              .starts_with("the image {{photo}} is neither a data URI nor base64"));
    CHECK(scene.problem({{"photo", 3}}) == "the image {{photo}} is no text");
}

TEST_CASE("prompt: parts of the provider's own are passed through", "[engine]") {
    const Scene scene("{type: image_url, image_url: {url: \"https://example.com/{{x}}.png\"}}");
    CHECK(scene.render()->at("image_url").at("url") == "https://example.com/{{x}}.png");
}

TEST_CASE("prompt: tools have one form for all providers", "[engine]") {
    const Json schema = {{"type", "object"}, {"properties", {{"city", {{"type", "string"}}}}}};
    const Json plain = {{"name", "weather"}, {"description", "d"}, {"parameters", schema}};
    CHECK(normalized_tools(Json::array({plain})) == Json::array({plain}));
    const Json wrapped = {{"type", "function"}, {"function", plain}};
    CHECK(normalized_tools(Json::array({wrapped})) == Json::array({plain}));
    const Json of_anthropic = {{"name", "weather"}, {"description", "d"}, {"input_schema", schema}};
    CHECK(normalized_tools(Json::array({of_anthropic})) == Json::array({plain}));
    const Json flat = {{"type", "function"}, {"name", "weather"}, {"strict", true}};
    CHECK(to_text(normalized_tools(Json::array({flat}))) ==
          R"([{"name":"weather","parameters":{"properties":{},"type":"object"},"strict":true}])");
}

TEST_CASE("prompt: tools of the provider's own are passed through", "[engine]") {
    const Json own = Json::parse(R"([{"type": "web_search_20250305", "name": "web_search"},
                                     {"googleSearch": {}}, {"type": "function"}, "text"])");
    CHECK(normalized_tools(own) == own);
    CHECK(normalized_tools(nullptr).is_null());
}

TEST_CASE("prompt: people see what was sent without the bytes of images", "[engine]") {
    const Scene scene("{type: image, file: a.png}");
    const Json input = Json::object();
    const auto messages = render_prompt(scene.prompt, {.input = &input});
    REQUIRE(messages);
    const std::string shown = to_text(describe_messages(*messages));
    CHECK_THAT(shown, !Catch::Contains(k_png_base64));
    CHECK_THAT(shown, Catch::Contains(R"("bytes":12)"));
}

}  // namespace assay::test
