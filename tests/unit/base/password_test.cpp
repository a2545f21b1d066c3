#include "core/base/password.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace assay {

TEST_CASE("password: what Python's hashlib.scrypt makes of one is known again", "[password]") {
    const std::string salt = "00112233445566778899aabbccddeeff";
    const std::string cheap = "scrypt:10:8:1:" + salt +
                              ":ac1b6e2367fd0717f65ca3aa4f3aef215aa8dfbdbc70f81e41152cf8578856b1";
    const std::string usual = "scrypt:15:8:3:" + salt +
                              ":cf63655b7bab1fd5dac175259f0f82d80abf922b2cbe21c3f179b512bfbc3c32";
    for (const std::string& stored : {cheap, usual}) {
        INFO(stored);
        CHECK(is_password(Secret("Grüße 42"), stored).value());
        CHECK_FALSE(is_password(Secret("Grüße 43"), stored).value());
        CHECK_FALSE(is_password(Secret(""), stored).value());
    }
}

TEST_CASE("password: each hash has a salt of its own and never the password", "[password]") {
    const Secret password("correct horse");
    const std::string first = hash_password(password).value();
    const std::string second = hash_password(password).value();
    CHECK(first != second);
    CHECK_THAT(first, Catch::StartsWith("scrypt:15:8:3:"));
    CHECK_THAT(first, !Catch::Contains("horse"));
    CHECK(is_password(password, first).value());
    CHECK(is_password(password, second).value());
    CHECK_FALSE(is_password(Secret("correct horsE"), first).value());
    const Secret with_nul(std::string("a\0b", 3));
    const std::string stored = hash_password(with_nul).value();
    CHECK(is_password(with_nul, stored).value());
    CHECK_FALSE(is_password(Secret("a"), stored).value());
}

TEST_CASE("password: a stored text that is none is an error and costs nothing", "[password]") {
    const std::string salt(32, 'a');
    const std::string hash(64, 'b');
    const std::string tail = ":" + salt + ":" + hash;
    for (const std::string& stored :
         {std::string(), std::string("x"), "bcrypt:15:8:3" + tail, "scrypt:15:8" + tail,
          "scrypt:63:8:3" + tail, "scrypt:18:8:3" + tail, "scrypt:0:8:3" + tail,
          "scrypt:15:999999999:3" + tail, "scrypt:15:8:-1" + tail, "scrypt:15:8:x" + tail,
          "scrypt:15:8:3" + tail + "b", "scrypt:15:8:3" + tail + ":", "scrypt:15:8:3:a:" + hash}) {
        INFO(stored);
        const auto read = is_password(Secret("p"), stored);
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().code == ErrorCode::data_loss);
    }
}

}  // namespace assay
