#include "core/base/hash.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

namespace assay {

TEST_CASE("hash: SHA-256 of the vectors of FIPS 180-2", "[hash]") {
    CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(sha256_hex(std::string(1'000'000, 'a')) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("hash: pieces give the digest of the whole", "[hash]") {
    Sha256 hash;
    hash.update("a");
    hash.update("");
    hash.update("bc");
    CHECK(hash.finish() == sha256("abc"));

    Sha256 moved_from;
    moved_from.update("ab");
    Sha256 moved_to = std::move(moved_from);
    moved_to.update("c");
    CHECK(moved_to.finish() == sha256("abc"));
}

TEST_CASE("hash: a shorter digest is the beginning of the long one", "[hash]") {
    CHECK(sha256_hex("abc", 1) == "b");
    CHECK(sha256_hex("abc", 32) == "ba7816bf8f01cfea414140de5dae2223");
    CHECK(sha256_hex("abc", 64).size() == 64);
}

TEST_CASE("hash: HMAC with SHA-256 of the vectors of RFC 4231", "[hash]") {
    const auto hmac = [](std::string_view key, std::string_view message) {
        return to_hex(hmac_sha256(key, message));
    };
    CHECK(hmac(std::string(20, '\x0b'), "Hi There") ==
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(hmac("Jefe", "what do ya want for nothing?") ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(hmac(std::string(20, '\xaa'), std::string(50, '\xdd')) ==
          "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    CHECK(
        hmac(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("hash: hex covers every byte", "[hash]") {
    CHECK(to_hex("") == "");
    CHECK(to_hex(std::string_view("\x00\x0F\xF0\xFF"
                                  "A",
                                  5)) == "000ff0ff41");
}

}  // namespace assay
