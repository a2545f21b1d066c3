#include "runner/engine/service_request.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/engine/engine_support.hpp"

namespace assay::test {

namespace {

ServiceText text_of(std::string_view written) {
    ServiceText text;
    text.append(TextTemplate::parse(written).value());
    return text;
}

ServiceSpec service_at(std::string_view url) {
    ServiceSpec service;
    service.url = text_of(url);
    return service;
}

std::string url_for(std::string_view url, const Json& input) {
    const auto request = render_service_request(service_at(url), {.input = &input}, {});
    if (!request) FAIL(request.error().message);
    return request->http.url;
}

ServiceBody body_of(Json shape, const std::map<std::string, std::string>& texts) {
    ServiceBody body{.shape = std::move(shape), .texts = {}};
    for (const auto& [place, written] : texts) {
        body.texts.emplace_back(Json::json_pointer(place), text_of(written));
    }
    return body;
}

std::string header_of(const ServiceRequest& request, const std::string& name) {
    for (const HttpHeader& header : request.http.headers) {
        if (header.name == name) return header.value.reveal();
    }
    return "none";
}

}  // namespace

TEST_CASE("service request: what is inserted into a URL stays in its part of it") {
    const std::string url = "http://h/a/{{x}}?q={{x}}";
    CHECK(url_for(url, {{"x", "plain-1._~"}}) == "http://h/a/plain-1._~?q=plain-1._~");
    for (const auto& [value, encoded] : std::map<std::string, std::string>{
             {"/", "%2F"},
             {"a&b=c#d?e", "a%26b%3Dc%23d%3Fe"},
             {"@evil.example", "%40evil.example"},
             {"//evil.example", "%2F%2Fevil.example"},
             {"\\", "%5C"},
             {"..", "%2E%2E"},
             {".", "%2E"},
             {"../..", "..%2F.."},
             {"a b%20\r\nX: y", "a%20b%2520%0D%0AX%3A%20y"},
             {"ü€", "%C3%BC%E2%82%AC"},
             {"${HOME}", "%24%7BHOME%7D"},
             {"{{x}}", "%7B%7Bx%7D%7D"},
         }) {
        CHECK(url_for(url, {{"x", value}}) == "http://h/a/" + encoded + "?q=" + encoded);
    }
    CHECK(url_for("http://h/{{x}}", {{"x", {1, 2}}}) == "http://h/%5B1%2C2%5D");
    CHECK(url_for("http://h/{{y | default('a/b')}}", Json::object()) == "http://h/a%2Fb");
}

TEST_CASE("service request: without a body the unit is posted") {
    const Json input = {{"x", 1}};
    const Json unit = {{"id", "i"}, {"input", input}};
    const auto request = render_service_request(service_at("http://h/"), {.input = &input}, unit);
    REQUIRE(request);
    CHECK(request->http.method == "POST");
    CHECK(request->http.body == R"({"id":"i","input":{"x":1}})");
    CHECK(header_of(*request, "Content-Type") == "application/json");
    ServiceSpec get = service_at("http://h/");
    get.method = "GET";
    const auto bare = render_service_request(get, {.input = &input}, unit);
    REQUIRE(bare);
    CHECK(bare->http.body.empty());
    CHECK(bare->http.headers.empty());
    CHECK(to_text(describe_service_request(get, {.input = &input}, unit).value()) ==
          R"({"method":"GET","url":"http://h/"})");
}

TEST_CASE("service request: a text that is one variable becomes its value and others stay text") {
    const Json input = {{"x", {{"deep", {1, nullptr}}}}, {"n", 3}, {"s", "a\"b"}};
    ServiceSpec service = service_at("http://h/");
    service.body = body_of(
        {{"whole", ""}, {"list", {"", 7}}, {"text", ""}, {"s", ""}},
        {{"/whole", "{{x}}"}, {"/list/0", "{{n}}"}, {"/text", "n={{n}} x={{x}}"}, {"/s", "{{s}}"}});
    const auto request = render_service_request(service, {.input = &input}, {});
    REQUIRE(request);
    CHECK(Json::parse(request->http.body) == Json::parse(R"({"whole":{"deep":[1,null]},
        "list":[3,7],"text":"n=3 x={\"deep\":[1,null]}","s":"a\"b"})"));
}

TEST_CASE("service request: a body of text is sent as text unless a value stands in its place") {
    const Json input = {{"x", {1}}, {"s", "hi"}};
    ServiceSpec service = service_at("http://h/");
    service.body = body_of("", {{"", "say {{s}}"}});
    auto request = render_service_request(service, {.input = &input}, {}).value();
    CHECK(request.http.body == "say hi");
    CHECK(header_of(request, "Content-Type") == "text/plain; charset=utf-8");
    service.body = body_of("", {{"", "{{x}}"}});
    request = render_service_request(service, {.input = &input}, {}).value();
    CHECK(request.http.body == "[1]");
    CHECK(header_of(request, "Content-Type") == "application/json");
    service.headers["content-type"] = text_of("text/x");
    request = render_service_request(service, {.input = &input}, {}).value();
    CHECK(request.http.headers.size() == 1);
}

TEST_CASE("service request: people see names where the service gets values") {
    const Json input = {{"x", 1}};
    ServiceSpec service = service_at("http://h/");
    service.url.append("KEY", Secret("canary"));
    service.headers["Authorization"].append("KEY", Secret("canary"));
    ServiceText secret;
    secret.append("KEY", Secret("canary"));
    service.body = ServiceBody{.shape = {{"k", ""}}, .texts = {{Json::json_pointer("/k"), secret}}};
    const auto request = render_service_request(service, {.input = &input}, {}).value();
    CHECK(request.http.url == "http://h/canary");
    CHECK(request.http.body == R"({"k":"canary"})");
    CHECK(header_of(request, "Authorization") == "canary");
    CHECK(to_text(describe_service_request(service, {.input = &input}, {}).value()) ==
          R"({"body":{"k":"${KEY}"},"method":"POST","url":"http://h/${KEY}"})");
}

TEST_CASE("service request: a variable that the item lacks is found wherever it stands") {
    const Json input = {{"x", 1}};
    CHECK(check_service_request(service_at("http://h/{{x}}"), {.input = &input}).empty());
    CHECK_THAT(check_service_request(service_at("http://h/{{y}}"), {.input = &input}),
               Catch::Contains("{{y}}"));
    ServiceSpec header = service_at("http://h/");
    header.headers["A"] = text_of("{{y}}");
    CHECK_THAT(check_service_request(header, {.input = &input}), Catch::Contains("{{y}}"));
    ServiceSpec body = service_at("http://h/");
    body.body = body_of({{"a", ""}}, {{"/a", "{{y}}"}});
    CHECK_THAT(check_service_request(body, {.input = &input}), Catch::Contains("{{y}}"));
}

TEST_CASE("service request: a spec with http runs from its rows to its units", "[engine]") {
    const SpecFolder folder(
        "experiment: e\ndataset: rows.jsonl\n"
        "task: {http: {url: \"http://h/{{q}}\", body: {q: \"{{q}}\"}, output: \"$.a\"}}\n"
        "evaluators: [exact_match]\n",
        {{"rows.jsonl", "{\"input\": {\"q\": \"a b\"}, \"expected_output\": \"A\"}\n"}});
    Experiment experiment = folder.bind();
    const auto provider = std::make_shared<FunctionProvider>(
        [](const ProviderRequest& request) -> Result<ProviderReply> {
            CHECK(request.service->http.url == "http://h/a%20b");
            CHECK(request.service->http.body == R"({"q":"a b"})");
            CHECK(request.service->output->text() == "$.a");
            return ProviderReply{.output = "A"};
        });
    use_provider(experiment, provider);
    MemoryJournal journal;
    REQUIRE(execute(experiment, folder.plan(experiment), journal, SystemClock{}, {}));
    CHECK(provider->calls == 1);
    REQUIRE(journal.units.size() == 1);
    const UnitResult& unit = journal.units.front();
    CHECK(unit.status == UnitStatus::scored);
    CHECK(unit.cost == 0);
    CHECK(to_text(unit.observations.at(0).input) ==
          R"({"body":{"q":"a b"},"method":"POST","url":"http://h/a%20b"})");
    CHECK(unit.observations.at(0).type == ObservationType::span);
}

TEST_CASE("service request: rows that lack a variable are named before anything is called") {
    const SpecFolder folder(
        "experiment: e\ndataset: rows.jsonl\n"
        "task: {http: {url: \"http://h/{{missing}}\"}}\nevaluators: [exact_match]\n",
        {{"rows.jsonl", "{\"input\": {\"q\": \"a\"}, \"expected_output\": \"A\"}\n"}});
    CHECK_THAT(folder.mistakes(), Catch::Contains("rows.jsonl:1") && Catch::Contains("missing"));
}

}  // namespace assay::test
