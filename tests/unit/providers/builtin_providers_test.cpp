#include <catch2/catch.hpp>
#include <set>

#include "judges/provider.hpp"

namespace assay::test {

TEST_CASE("providers: every definition is complete and its id is its own") {
    std::set<std::string_view> ids;
    for (const ProviderDefinition* definition : builtin_providers()) {
        INFO(definition->id);
        CHECK(ids.insert(definition->id).second);
        CHECK(!definition->summary.empty());
        REQUIRE(definition->make != nullptr);
        CHECK(find_provider(definition->id) == definition);
    }
    CHECK(ids == std::set<std::string_view>{"anthropic", "azure-openai", "bedrock", "command",
                                            "google-ai-studio", "google-vertex", "http", "ollama",
                                            "openai", "openai-compatible"});
    CHECK(find_provider("openai_compatible") == nullptr);
    CHECK(find_provider("") == nullptr);
}

TEST_CASE("providers: openai has its address and its variables") {
    const ProviderDefinition& openai = *find_provider("openai");
    CHECK(openai.default_base_url == "https://api.openai.com/v1");
    CHECK(openai.api_key_variable == "OPENAI_API_KEY");
    CHECK(openai.base_url_variable == "OPENAI_BASE_URL");
    CHECK(openai.key_required);
    CHECK(!find_provider("openai-compatible")->key_required);
}

}  // namespace assay::test
