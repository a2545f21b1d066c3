#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

#include "core/http/http_client.hpp"
#include "judges/provider.hpp"

// The program's own way to a model without the engine around it: the HTTP transport alone, or the
// provider over it. What they cost above curl_loop is theirs, what a run costs above them is the
// engine's and the store's.
//
//   provider_loop transport|provider PORT REQUESTS CONCURRENCY      prints the seconds it took

namespace assay {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

std::string prompt_of(std::size_t number) {
    return fmt::format("What is the answer to question number {}, please?", number);
}

/// Sends what the provider would, and does not look into the answer.
class TransportCaller {
  public:
    TransportCaller(HttpTransport& transport, std::string base_url)
        : transport_(transport), url_(std::move(base_url) + "/chat/completions") {}

    asio::awaitable<bool> call(std::size_t number) const {
        HttpRequest request{.url = url_,
                            .headers = {{"Content-Type", Secret("application/json")},
                                        {"Accept", Secret("application/json")}}};
        request.body = fmt::format(
            R"({{"messages":[{{"content":"{}","role":"user"}}],"model":"stub","temperature":0}})",
            prompt_of(number));
        const auto response = co_await transport_.send(std::move(request), deadline());
        co_return response && response->status == 200;
    }
    static Deadline deadline() { return {Clock::now() + std::chrono::minutes(1)}; }

  private:
    HttpTransport& transport_;
    std::string url_;
};

class ProviderCaller {
  public:
    explicit ProviderCaller(Provider& provider) : provider_(provider) {}

    asio::awaitable<bool> call(std::size_t number) const {
        ProviderRequest request{.model = "stub", .parameters = {{"temperature", 0}}};
        request.messages.push_back({"user", prompt_of(number)});
        const auto reply = co_await provider_.call(std::move(request), TransportCaller::deadline());
        co_return reply && reply->output == prompt_of(number);
    }

  private:
    Provider& provider_;
};

/// What the coroutines share.
struct Progress {
    std::size_t requests;
    std::size_t started = 0;
    std::size_t right = 0;
};

template <class Caller>
asio::awaitable<void> work(const Caller& caller, Progress& progress) {
    while (progress.started < progress.requests) {
        const bool right = co_await caller.call(progress.started++);
        progress.right += right ? 1 : 0;
    }
}

/// Seconds; negative when an answer was wrong.
template <class Caller>
double run(const Caller& caller, std::size_t requests, std::size_t concurrency) {
    asio::io_context loop(1);
    Progress progress{.requests = requests};
    for (std::size_t i = 0; i < concurrency; ++i) {
        asio::co_spawn(loop, work(caller, progress), [](const std::exception_ptr& broken) {
            if (broken) std::rethrow_exception(broken);
        });
    }
    const auto began = Clock::now();
    loop.run();
    const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
    return progress.right == requests ? seconds : -1;
}

int bench(std::string_view what, const std::string& port, std::size_t requests,
          std::size_t concurrency) {
    const std::string base_url = "http://127.0.0.1:" + port + "/v1";
    auto transport = make_curl_transport();
    if (!transport) return 1;
    double seconds = -1;
    if (what == "transport") {
        seconds = run(TransportCaller(**transport, base_url), requests, concurrency);
    } else {
        ProviderSettings settings{.transport = transport->get(), .name = "stub"};
        settings.base_url = base_url;
        const auto provider = find_provider("openai-compatible")->make(std::move(settings));
        if (!provider) return 1;
        seconds = run(ProviderCaller(**provider), requests, concurrency);
    }
    fmt::print("{:.6f}\n", seconds);
    return seconds < 0 ? 1 : 0;
}

}  // namespace
}  // namespace assay

int main(int count, char** arguments) {
    if (count != 5) {
        fmt::print(stderr, "usage: provider_loop transport|provider PORT REQUESTS CONCURRENCY\n");
        return 2;
    }
    return assay::bench(arguments[1], arguments[2], std::strtoull(arguments[3], nullptr, 10),
                        std::strtoull(arguments[4], nullptr, 10));
}
