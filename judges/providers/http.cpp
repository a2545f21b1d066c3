#include "judges/providers/builtin.hpp"
#include "judges/providers/http_reply.hpp"
#include "judges/providers/rate_limit_headers.hpp"
#include "judges/providers/redact.hpp"

namespace assay {
namespace {

/// A service under test. What is sent is rendered by the engine, which knows the unit.
class HttpService final : public Provider {
  public:
    HttpService(ProviderSettings settings, std::unique_ptr<HttpTransport> own_transport)
        : settings_(std::move(settings)), own_transport_(std::move(own_transport)) {}

    Task<ProviderReply> call(ProviderRequest request, Deadline deadline) override;
    /// Everything else that can change an answer is in the request.
    [[nodiscard]] Json identity() const override { return {{"kind", "http"}}; }

  private:
    ProviderSettings settings_;
    std::unique_ptr<HttpTransport> own_transport_;  ///< null when the settings brought one
};

/// A service may repeat what it was sent; its words are kept, our keys are not.
bool blot_out_all(std::string& text, const std::vector<Secret>& secrets,
                  std::size_t bytes_min = k_secret_bytes_min) {
    bool found = false;
    for (const Secret& secret : secrets) found |= blot_out(text, secret, bytes_min);
    return found;
}

Task<ProviderReply> HttpService::call(ProviderRequest request, Deadline deadline) {
    ASSAY_ASSERT(request.service.has_value(), "a task of the form http renders a request");
    ServiceRequest& service = *request.service;
    const std::vector<Secret> secrets = std::move(service.secrets);
    const std::optional<JsonPath> output = std::move(service.output);
    FirstOutput first(output ? &*output : nullptr, std::chrono::steady_clock::now());
    service.http.on_body = [&first](HttpResponse& so_far) -> Result<void> {
        first.look(so_far);
        return {};
    };
    auto response = co_await settings_.transport->send(std::move(service.http), deadline);
    if (!response) {
        Error error = std::move(response.error());
        (void)blot_out_all(error.message, secrets);
        co_return std::unexpected(std::move(error));
    }
    // Before anything is cut out of it, lest half a key be left.
    const bool is_success = response->status >= 200 && response->status <= 299;
    const std::size_t bytes_min = is_success ? k_secret_in_output_bytes_min : k_secret_bytes_min;
    for (auto& [name, value] : response->headers) (void)blot_out_all(value, secrets);
    ProviderReply reply;
    if (blot_out_all(response->body, secrets, bytes_min)) {
        reply.log =
            "the answer repeated a value of the environment, which was replaced by [redacted]\n";
    }
    auto read = read_service_reply(*response, output ? &*output : nullptr);
    if (!read) {
        (void)blot_out_all(read.error().message, secrets);
        co_return std::unexpected(std::move(read.error()));
    }
    reply.output = std::move(*read);
    reply.time_to_first_token = first.after();
    reply.rate_limits = read_rate_limit_news(*response);
    co_return reply;
}

Result<std::unique_ptr<Provider>> make_http(ProviderSettings settings) {
    std::unique_ptr<HttpTransport> own_transport;
    if (settings.transport == nullptr) {
        ASSAY_TRY(own_transport, make_curl_transport());
        settings.transport = own_transport.get();
    }
    return std::make_unique<HttpService>(std::move(settings), std::move(own_transport));
}

}  // namespace

const ProviderDefinition http_definition{
    .id = "http",
    .summary = "Any service that answers over HTTP: `http` in a task says what is sent and read.",
    .is_model = false,
    .make = &make_http};

}  // namespace assay
