#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/http/http_client.hpp"
#include "judges/provider.hpp"

namespace assay {

/// Puts a streamed reply together, as its pieces come, into what the same server answers when it
/// does not stream: so one reader knows what an answer means.
class StreamedReply {
  public:
    virtual ~StreamedReply() = default;
    /// For HttpRequest::on_body: takes the events out of an answer that is a stream and leaves any
    /// other as it is.
    /// @error unavailable when an event makes the answer useless: whole() then has that event in
    ///        place of the answer. resource_exhausted when an event is too long.
    [[nodiscard]] virtual Result<void> take(HttpResponse& so_far) = 0;
    /// The whole answer, once the request is over.
    /// @error that of the response; unavailable (retryable) when the stream ended before the answer
    ///        did.
    [[nodiscard]] virtual Result<HttpResponse> whole(Result<HttpResponse> response) = 0;
    /// From sending to the first piece of content, of a refusal or of a tool call.
    [[nodiscard]] virtual std::optional<std::chrono::nanoseconds> time_to_first_token() const = 0;
};

/// What an error body says, from the forms that servers use; "" = it does not say.
struct Complaint {
    std::string message;
    std::string code;
    std::string type;
    bool quota_spent = false;      ///< money is missing and not time
    bool prompt_too_long = false;  ///< for the model
    bool overloaded = false;       ///< said with a status that does not say so
    bool key_refused = false;      ///< the same
    bool filtered = false;         ///< a filter of contents refuses the prompt
    /// How long to wait, where no header says it.
    std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
};

/// How one kind of model API is spoken: pure functions between our requests and its bytes. What is
/// the same for all of them (sending, streams, keys, statuses, retries, words) is
/// judges/providers/model_service.hpp's affair.
class WireFormat {
  public:
    virtual ~WireFormat() = default;

    /// In identities, and so in the keys of kept replies: "openai_chat".
    [[nodiscard]] virtual std::string_view kind() const = 0;

    struct Call {
        std::string url;
        Json body;
        std::vector<HttpHeader> headers;  ///< besides content type, accept, key and the settings'
        bool streams = false;
        std::string accepts = "application/json";  ///< of a stream when it streams
    };
    /// Writes a request. The settings' `options` are merged below the request's parameters.
    /// @error invalid_argument: what this API cannot be asked, in one sentence with the remedy.
    [[nodiscard]] virtual Result<Call> write(const ProviderRequest& request) const = 0;

    /// Reads the body of an answer with a status of 2xx.
    /// @error unavailable (retryable) for a broken answer, invalid_argument for one that is no such
    ///        API's. The message is the end of a sentence about the answer: "has no choices".
    [[nodiscard]] virtual Result<ProviderReply> read(const Json& body,
                                                     const ProviderRequest& request) const = 0;

    /// Reads the body of any other answer, and one of 2xx that is an error all the same: it has a
    /// member "error" that is not null. Mostly usual_complaint() of model_service.hpp, and flags.
    [[nodiscard]] virtual Complaint read_complaint(const Json& body) const = 0;

    /// Follows one answer, which is a stream or not, whatever was asked for: assembled_reply.hpp
    /// and sse_reply.hpp are what to make it of.
    [[nodiscard]] virtual std::unique_ptr<StreamedReply> stream(MonotonicTime sent) const = 0;

    /// Where requests go, in identities; "" = to the settings' `base_url`.
    [[nodiscard]] virtual std::string address() const { return ""; }
    /// How a base_url ends that is right, for messages: "/v1"; "" = there is no rule.
    [[nodiscard]] virtual std::string_view base_url_end() const { return ""; }
};

/// How requests prove who sends them.
class Credentials {
  public:
    virtual ~Credentials() = default;
    /// Adds headers to a request that is otherwise complete. May ask somebody for a token first.
    /// @error unauthenticated with the remedy; the transport's own.
    [[nodiscard]] virtual Task<HttpRequest> authorize(HttpRequest request, Deadline deadline) = 0;
    /// All that must never stand in a message, an output or a file, besides what the settings hold.
    [[nodiscard]] virtual std::vector<Secret> secrets() const = 0;
    /// After a 401: forgets a token that is no longer good. @return whether another try is worth
    /// it.
    virtual bool renew() { return false; }
};

}  // namespace assay
