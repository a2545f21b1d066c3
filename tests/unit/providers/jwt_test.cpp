#include "judges/providers/jwt.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/providers/rsa_key.hpp"

namespace assay::test {

namespace {

/// The key of RFC 7515, appendix A.2.1, published there as a JWK; here in PEM.
constexpr const char* k_published_key = R"(-----BEGIN RSA PRIVATE KEY-----
MIIEowIBAAKCAQEAofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd/wWJcyQoTbji9k0
l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL+yRT+SFd2lZS+pC
gNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb/7OMg0LOL+bSf63kpaSHSX
ndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uD
Zlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxXFvUK+DWNmoudF8NAco9/h9iaGNj8
q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQIDAQABAoIBABKucaRpzQorw35S
bEUAVx8dYXUdZOlJcHtiWQ+dC6V8ljxAHj/PLyzTveyI5QO/xkObCyjIL303l2cf
UhPu2MFaJdjVzqACXuOrLot/eSFvxjvqVidTtAZExqFRJ9mylUVAoLvhowVWmC1O
n95fZCXxTUtxNEG1Xcc7m0rtzJKs45J+N/V9DP1edYH6USyPSWGp6wuA+KgHRnKK
Vf9GRx80JQY7nVNkL17eHoTWEwga+lwi0FEoW9Y7lDtWXYmKBWhUE+U8PGxlJf8f
40493HDw1WRQ/aSLoS4QTp3rn7gYgeHEvfJdkkf0UMhlknlo53M09EFPdadQ4TlU
bjqKc50CgYEA4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH/5IB3jw3bcxGn6QLvnE
tfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw/Py5PJdTJNPY8cQn7ouZ2KKDcmnPG
BY5t7yLc1QlQ5xHdwW1VhvKn+nXqhJTBgIPgtldC+KDV5z+y2XDwGUcCgYEAuQPE
fgmVtjL0Uyyx88GZFF1fOunH3+7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYs
p1ZSe7zFYHj7C6ul7TjeLQeZD/YwD66t62wDmpe/HlB+TnBA+njbglfIsRLtXlnD
zQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdcCgYAHAp9XcCSrn8wVkMVkKdb7
DOX4IKjzdahm+ctDAJN4O/y7OW5FKebvUjdAIt2GuoTZ71iTG+7F0F+lP88jtjP4
U4qe7VHoewl4MKOfXZKTe+YCS1XbNvfgwJ3Ltyl1OH9hWvu2yza7q+d5PCsDzqtm
27kxuvULVeya+TEdAB1ijQKBgQCH/3r6YrVH/uCWGy6bzV1nGNOdjKc9tmkfOJmN
54dxdixdpozCQ6U4OxZrsj3FcOhHBsqAHvX2uuYjagqvo3cOj1TRqNocX40omfCC
Mx3bD1yPPf/6TI2XECva/ggqEY2mYzmIiA5LVVmc5nrybr+lssFKneeyxN2Wq93S
0iJMdQKBgCGHewxzoa1r8ZMD0LETNrToK423K377UCYqXfg5XMclbrjPbEC3YI1Z
NqMtuhdBJqUnBi6tjKMF+34Xf0CUN8ncuXGO2CAYvO8PdyCixHX52ybaDjy1FtCE
6yUXjoKNXKvUm7MWGsAYH6f4IegOetN5NvmUMFStCSkh7ixZLkN1
-----END RSA PRIVATE KEY-----
)";

}  // namespace

TEST_CASE("jwt: RS256 gives the signature that RFC 7515 publishes") {
    const auto signature =
        sign_rs256(Secret(k_published_key),
                   "eyJhbGciOiJSUzI1NiJ9"
                   ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
                   "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ");
    CHECK(signature.value() ==
          "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7"
          "AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4"
          "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K"
          "0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv"
          "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB"
          "p0igcN_IoypGlUPQGe77Rw");
}

TEST_CASE("jwt: base64url has no padding and no character of its own in URLs") {
    CHECK(to_base64url("") == "");
    CHECK(to_base64url("f") == "Zg");
    CHECK(to_base64url("fo") == "Zm8");
    CHECK(to_base64url("foo") == "Zm9v");
    CHECK(to_base64url("\xFB\xEF\xBE\xFF\xFF") == "----__8");
    // RFC 7515, appendix C.
    CHECK(to_base64url("\x03\xEC\xFF\xE0\xC1") == "A-z_4ME");
}

TEST_CASE("jwt: a token holds its header and claims and is signed by the key") {
    const PrivateKey key = new_rsa_key();
    const Json claims = {{"iss", "me@example.com"}, {"exp", 1'300'819'380}};
    const auto token = make_jwt(Secret(pem_of(key)), "key-1", claims);
    const ReadToken read = read_token(token.value().reveal(), key);
    CHECK(read.header == Json({{"alg", "RS256"}, {"typ", "JWT"}, {"kid", "key-1"}}));
    CHECK(read.claims == claims);
    CHECK(read.is_signed);
    CHECK(!read_token(token.value().reveal(), new_rsa_key()).is_signed);
    const auto unnamed = make_jwt(Secret(pem_of(key)), "", claims);
    CHECK(!read_token(unnamed.value().reveal(), key).header.contains("kid"));
}

TEST_CASE("jwt: what is no RSA key is refused without repeating any of it") {
    const PrivateKey curve(EVP_EC_gen("P-256"));
    const std::string rsa = pem_of(new_rsa_key());
    const std::string locked = pem_of(new_rsa_key(), "password");
    for (const std::string& odd : {std::string(), std::string("canary-no-key"), pem_of(curve),
                                   locked, rsa.substr(0, rsa.size() / 2)}) {
        const auto refused = sign_rs256(Secret(odd), "text");
        REQUIRE(!refused);
        CHECK(refused.error().code == ErrorCode::invalid_argument);
        CHECK_THAT(refused.error().message,
                   Catch::Contains("RSA") && !Catch::Contains("canary") && !Catch::Contains("MII"));
    }
}

}  // namespace assay::test
