#include "core/base/base64.hpp"

#include <catch2/catch.hpp>
#include <string_view>

namespace assay {

TEST_CASE("base64: the vectors of RFC 4648", "[base64]") {
    CHECK(to_base64("") == "");
    CHECK(to_base64("f") == "Zg==");
    CHECK(to_base64("fo") == "Zm8=");
    CHECK(to_base64("foo") == "Zm9v");
    CHECK(to_base64("foob") == "Zm9vYg==");
    CHECK(to_base64("fooba") == "Zm9vYmE=");
    CHECK(to_base64("foobar") == "Zm9vYmFy");
}

TEST_CASE("base64: bytes above 127 and zero bytes are bytes like others", "[base64]") {
    CHECK(to_base64(std::string_view("\xFB\xEF\xFF\0", 4)) == "++//AA==");
}

TEST_CASE("base64: what was written is read again", "[base64]") {
    std::string bytes;
    for (int i = 0; i < 600; ++i) {
        CHECK(from_base64(to_base64(bytes)) == bytes);
        bytes.push_back(static_cast<char>(i * 7));
    }
}

TEST_CASE("base64: what is none is refused", "[base64]") {
    for (const char* const text : {"Z", "Zg", "Zg=", "Zg===", "=", "====", "Zm9v=", "Zm 9", "Zm-_",
                                   "Zg==Zg==", "Z=g=", "Zm9v\n"}) {
        INFO(text);
        CHECK_FALSE(from_base64(text).has_value());
    }
    CHECK(from_base64("") == "");
}

}  // namespace assay
