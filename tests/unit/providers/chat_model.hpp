#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "judges/provider.hpp"
#include "tests/support/run_task.hpp"

namespace assay::test {

inline constexpr const char* k_canary = "sk-canary-77f1";

/// A provider on a loop, talking to a server of ours.
class Model {
  public:
    explicit Model(const std::string& base_url, ProviderSettings settings = {},
                   std::string_view type = "openai-compatible") {
        auto curl = make_curl_transport();
        REQUIRE(curl);
        transport = std::move(*curl);
        settings.transport = transport.get();
        if (settings.name.empty()) settings.name = "local";
        settings.base_url = base_url;
        if (settings.api_key.empty()) settings.api_key = Secret(k_canary);
        auto made = find_provider(type)->make(std::move(settings));
        if (!made) FAIL(made.error().message);
        provider = std::move(*made);
    }
    Result<ProviderReply> ask(ProviderRequest request,
                              std::chrono::milliseconds patience = std::chrono::seconds(20)) {
        return run_task(io, provider->call(std::move(request), in(patience)));
    }

    boost::asio::io_context io;
    std::unique_ptr<HttpTransport> transport;
    std::unique_ptr<Provider> provider;
};

inline ProviderRequest question() {
    return {.model = "small", .messages = {{"system", "Short."}, {"user", "Capital of France?"}}};
}

}  // namespace assay::test
