#include "configs/image_part.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "core/base/base64.hpp"

namespace assay {
namespace {

using std::string_literals::operator""s;

const std::string k_png = "\x89PNG\r\n\x1a\n rest"s;

std::string type_of(const std::string& bytes) {
    const auto image = image_of_bytes(bytes);
    return image ? image->at("media_type").get<std::string>() : image.error().message;
}

}  // namespace

TEST_CASE("image part: the content says what an image is") {
    CHECK(type_of(k_png) == "image/png");
    CHECK(type_of("\xff\xd8\xff\xe0 rest"s) == "image/jpeg");
    CHECK(type_of("GIF87a rest") == "image/gif");
    CHECK(type_of("GIF89a rest") == "image/gif");
    CHECK(type_of("RIFF\0\0\0\0WEBPVP8 "s) == "image/webp");
    for (const std::string& other : {""s, "GIF"s, "GIF88a"s, "RIFF\0\0\0\0WAVEfmt "s, "RIFF"s,
                                     "<svg/>"s, "\x89PNG"s, "%PDF-1.7"s}) {
        CHECK(type_of(other) == "is no PNG, JPEG, GIF or WebP image");
    }
}

TEST_CASE("image part: an image holds its bytes as base64") {
    const auto image = image_of_bytes(k_png);
    REQUIRE(image);
    CHECK(to_text(*image) ==
          R"({"data":")" + to_base64(k_png) + R"(","media_type":"image/png","type":"image"})");
}

TEST_CASE("image part: a row holds a data URI or bare base64") {
    const auto image = image_of_bytes(k_png);
    const std::string base64 = to_base64(k_png);
    CHECK(image_of_media(base64).value() == *image);
    CHECK(image_of_media("  " + base64 + "\n").value() == *image);
    CHECK(image_of_media("data:image/png;base64," + base64).value() == *image);
    // The label may be wrong; what it is counts.
    CHECK(image_of_media("data:image/jpeg;charset=x;base64," + base64).value() == *image);
    for (const char* const text : {"", "data:image/png,raw", "https://example.com/a.png", "Zm9v",
                                   "data:image/png;base64,%%%%"}) {
        INFO(text);
        CHECK_FALSE(image_of_media(text).has_value());
    }
    CHECK_THAT(image_of_media("https://example.com/a.png").error().message,
               Catch::Contains("give an address as `url`"));
}

TEST_CASE("image part: people are shown what an image is and not its bytes") {
    const Json shown = without_bytes(*image_of_bytes(k_png));
    CHECK_FALSE(shown.contains("data"));
    CHECK(shown.at("bytes") == k_png.size());
    CHECK(shown.at("sha256").get<std::string>().size() == 64);
    const Json url = {{"type", "image"}, {"url", "https://example.com/a.png"}};
    CHECK(without_bytes(url) == url);
    const Json text = {{"type", "text"}, {"text", "data"}, {"data", "x"}};
    CHECK(without_bytes(text) == text);
    CHECK(without_bytes("text") == "text");
}

}  // namespace assay
