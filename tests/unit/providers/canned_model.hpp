#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/providers/chat_model.hpp"

namespace assay::test {

/// A network that answers what it is told to, without sockets, and keeps what it was sent.
class CannedTransport final : public HttpTransport {
  public:
    struct Answer {
        HttpResponse response;
        std::vector<std::string> pieces = {};  ///< of the body, as they come; none = all at once
        bool breaks = false;                   ///< after the last piece
    };
    explicit CannedTransport(std::vector<Answer> answers) : answers_(std::move(answers)) {}

    /// Gives one answer after the other, and the last one for ever.
    Task<HttpResponse> send(HttpRequest request, Deadline /*deadline*/) override {
        const Answer& answer = answers_[std::min(requests.size(), answers_.size() - 1)];
        requests.push_back(request);
        HttpResponse response = answer.response;
        std::vector<std::string> pieces = answer.pieces;
        if (pieces.empty()) pieces.push_back(std::exchange(response.body, {}));
        for (const std::string& piece : pieces) {
            response.body += piece;
            ASSAY_CO_CHECK(request.on_body(response));
        }
        if (answer.breaks) {
            co_return retryable_failure(ErrorCode::unavailable, "the wire broke");
        }
        co_return response;
    }

    std::vector<HttpRequest> requests;

  private:
    std::vector<Answer> answers_;
};

inline HttpResponse response(int status, std::string body, std::string type = "application/json") {
    return {
        .status = status, .headers = {{"content-type", std::move(type)}}, .body = std::move(body)};
}

/// How a provider of some kind reads and writes, without a network.
struct CannedModel {
    explicit CannedModel(std::string_view kind, std::vector<CannedTransport::Answer> answers,
                         ProviderSettings settings = {})
        : transport(std::move(answers)) {
        settings.transport = &transport;
        if (settings.name.empty()) settings.name = kind;
        if (settings.base_url.empty()) settings.base_url = "https://model.example/v1";
        if (settings.api_key.empty()) settings.api_key = Secret(k_canary);
        auto made = find_provider(kind)->make(std::move(settings));
        if (!made) FAIL(made.error().message);
        provider = std::move(*made);
    }
    Result<ProviderReply> ask(ProviderRequest request = question()) {
        return run_task(io, provider->call(std::move(request), {}));
    }
    /// The body of the request that was sent last.
    [[nodiscard]] Json sent() const { return Json::parse(transport.requests.back().body); }
    /// A header of it, "" = there was none.
    [[nodiscard]] std::string sent_header(std::string_view name) const {
        for (const HttpHeader& header : transport.requests.back().headers) {
            if (header.name == name) return header.value.reveal();
        }
        return "";
    }

    boost::asio::io_context io;
    CannedTransport transport;
    std::unique_ptr<Provider> provider;
};

/// What a provider of some kind makes of an answer.
inline Result<ProviderReply> read_as(std::string_view kind, HttpResponse answer,
                                     ProviderRequest request = question(),
                                     ProviderSettings settings = {}) {
    return CannedModel(kind, {{std::move(answer)}}, std::move(settings)).ask(std::move(request));
}

}  // namespace assay::test
