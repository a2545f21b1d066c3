#include "judges/providers/service_account.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <list>
#include <optional>
#include <utility>

#include "core/base/files.hpp"
#include "core/base/text.hpp"
#include "core/base/wakeup.hpp"
#include "judges/providers/jwt.hpp"
#include "judges/providers/rate_limit_headers.hpp"
#include "judges/providers/redact.hpp"
#include "judges/providers/reply_json.hpp"

namespace assay {
namespace {

constexpr std::uint64_t k_file_bytes_max = 64U << 10U;
constexpr std::size_t k_quoted_columns_max = 300;
constexpr const char* k_token_url = "https://oauth2.googleapis.com/token";
constexpr const char* k_scope = "https://www.googleapis.com/auth/cloud-platform";
constexpr const char* k_grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr std::chrono::seconds k_assertion_life{3600};  // the most that Google takes
constexpr std::chrono::seconds k_token_life_default{3600};
/// A token may expire on its way.
constexpr std::chrono::seconds k_token_margin{60};

bool is_web_address(std::string_view url) {
    return url.starts_with("https://") || url.starts_with("http://");
}

/// What the token server says, as the end of a sentence (RFC 6749, 5.2).
std::string words_of(const HttpResponse& response, const Secret& assertion) {
    std::string words(trim(response.body));
    if (const auto body = parse_json(response.body)) {
        const std::string& error = text_member(*body, "error");
        const std::string& description = text_member(*body, "error_description");
        words = description.empty() ? error : fmt::format("{}: {}", error, description);
    }
    (void)blot_out(words, assertion);
    if (words.empty()) return "";
    return fmt::format(": {}", fit_width(terminal_safe(words), k_quoted_columns_max));
}

class ServiceAccount final : public Credentials {
  public:
    ServiceAccount(ServiceAccountKey key, HttpTransport* transport, const Clock& clock)
        : key_(std::move(key)), transport_(transport), clock_(clock) {}
    ServiceAccount(ServiceAccountKey key, std::unique_ptr<HttpTransport> own, const Clock& clock)
        : key_(std::move(key)),
          own_transport_(std::move(own)),
          transport_(own_transport_.get()),
          clock_(clock) {}

    Task<HttpRequest> authorize(HttpRequest request, Deadline deadline) override;
    [[nodiscard]] std::vector<Secret> secrets() const override;
    bool renew() override;

  private:
    struct Token {
        Secret text;
        MonotonicTime good_until;
    };
    /// Marks that a token is being fetched, and wakes all who wait for it in the end.
    class Fetch;
    /// One who waits for it.
    class Waiter;

    [[nodiscard]] bool has_good_token() const {
        return token_ && clock_.monotonic() < token_->good_until;
    }
    Task<Secret> token(Deadline deadline);
    Task<Secret> fetch(Deadline deadline);
    Task<Token> ask(Deadline deadline);
    Task<void> wait(Deadline deadline);
    [[nodiscard]] Result<Secret> assertion() const;
    [[nodiscard]] Error refusal(const HttpResponse& response, const Secret& assertion) const;

    ServiceAccountKey key_;
    std::unique_ptr<HttpTransport> own_transport_;  ///< null when it was given one
    HttpTransport* transport_;
    const Clock& clock_;
    std::optional<Token> token_;
    bool is_fetching_ = false;
    std::optional<Error> failure_;  ///< of the last fetch, where it says something to all
    std::list<Wakeup*> waiting_;
};

class ServiceAccount::Fetch {
  public:
    explicit Fetch(ServiceAccount& account) : account_(account) {
        account_.is_fetching_ = true;
        account_.failure_.reset();
    }
    ~Fetch() {
        account_.is_fetching_ = false;
        for (Wakeup* const wakeup : account_.waiting_) wakeup->notify();
    }
    Fetch(const Fetch&) = delete;
    Fetch& operator=(const Fetch&) = delete;

  private:
    ServiceAccount& account_;
};

class ServiceAccount::Waiter {
  public:
    Waiter(ServiceAccount& account, const boost::asio::any_io_executor& executor)
        : account_(account),
          wakeup_(executor),
          place_(account.waiting_.insert(account.waiting_.end(), &wakeup_)) {}
    ~Waiter() { account_.waiting_.erase(place_); }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    [[nodiscard]] Wakeup& wakeup() { return wakeup_; }

  private:
    ServiceAccount& account_;
    Wakeup wakeup_;
    std::list<Wakeup*>::iterator place_;
};

Task<HttpRequest> ServiceAccount::authorize(HttpRequest request, Deadline deadline) {
    ASSAY_CO_TRY(const Secret bearer, co_await token(deadline));
    request.headers.push_back({"Authorization", Secret("Bearer " + bearer.reveal())});
    co_return request;
}

std::vector<Secret> ServiceAccount::secrets() const {
    std::vector<Secret> secrets = {key_.private_key};
    if (token_) secrets.push_back(token_->text);
    return secrets;
}

bool ServiceAccount::renew() {
    // It is kept until there is a new one: an answer that comes late may still repeat it.
    if (token_) token_->good_until = MonotonicTime::min();
    return true;
}

Task<Secret> ServiceAccount::token(Deadline deadline) {
    while (!has_good_token()) {
        if (!is_fetching_) co_return co_await fetch(deadline);
        ASSAY_CO_CHECK(co_await wait(deadline));
    }
    co_return token_->text;
}

Task<Secret> ServiceAccount::fetch(Deadline deadline) {
    const Fetch fetch(*this);
    auto fetched = co_await ask(deadline);
    if (fetched) {
        token_ = std::move(*fetched);
        co_return token_->text;
    }
    const ErrorCode code = fetched.error().code;
    // That one caller's time was over says nothing to the others: the next of them tries.
    const bool is_its_own = code == ErrorCode::deadline_exceeded || code == ErrorCode::cancelled;
    if (!is_its_own) failure_ = fetched.error();
    co_return std::unexpected(std::move(fetched.error()));
}

/// Until the fetch that is under way is over. @error its failure.
Task<void> ServiceAccount::wait(Deadline deadline) {
    Waiter waiter(*this, co_await boost::asio::this_coro::executor);
    const Wakeup::Cause cause = co_await waiter.wakeup().wait(deadline);
    if (cause == Wakeup::Cause::cancelled) {
        co_return failure(ErrorCode::cancelled, "cancelled while waiting for an access token");
    }
    if (cause == Wakeup::Cause::deadline) {
        co_return retryable_failure(ErrorCode::deadline_exceeded,
                                    "no access token came before the deadline");
    }
    if (failure_) co_return std::unexpected(*failure_);
    co_return Result<void>();
}

Task<ServiceAccount::Token> ServiceAccount::ask(Deadline deadline) {
    ASSAY_CO_TRY(const Secret assertion, assertion());
    HttpRequest request{.url = key_.token_url,
                        .headers = {{"Content-Type", Secret("application/x-www-form-urlencoded")},
                                    {"Accept", Secret("application/json")}},
                        .body = fmt::format("grant_type={}&assertion={}", percent_encode(k_grant),
                                            assertion.reveal())};
    auto answer = co_await transport_->send(std::move(request), deadline);
    if (!answer) {
        Error error = std::move(answer.error());
        error.message = fmt::format("no access token: {}", error.message);
        co_return std::unexpected(std::move(error));
    }
    if (answer->status != 200) co_return std::unexpected(refusal(*answer, assertion));
    const auto body = parse_json(answer->body);
    const std::string text = body ? text_member(*body, "access_token") : "";
    if (text.empty()) {
        co_return retryable_failure(
            ErrorCode::unavailable,
            fmt::format("the token server {} answered without an access token",
                        printable_url(key_.token_url)));
    }
    const std::int64_t said = count_member(*body, "expires_in");
    const auto life = said > 0 ? std::chrono::seconds(std::min<std::int64_t>(said, 86'400))
                               : k_token_life_default;
    co_return Token{.text = Secret(text), .good_until = clock_.monotonic() + life - k_token_margin};
}

Result<Secret> ServiceAccount::assertion() const {
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch());
    return make_jwt(key_.private_key, key_.key_id,
                    {{"iss", key_.email},
                     {"scope", k_scope},
                     {"aud", key_.token_url},
                     {"iat", now.count()},
                     {"exp", (now + k_assertion_life).count()}});
}

Error ServiceAccount::refusal(const HttpResponse& response, const Secret& assertion) const {
    const std::string said = words_of(response, assertion);
    if (is_retryable_status(response.status)) {
        Error error{ErrorCode::unavailable,
                    fmt::format("the token server cannot answer now ({}){}", response.status, said),
                    true};
        error.retry_after = read_retry_after(response);
        return error;
    }
    return {ErrorCode::unauthenticated,
            fmt::format("the token server does not accept the key of the service account {} "
                        "({}){}; is it still valid?",
                        key_.email, response.status, said)};
}

}  // namespace

Result<ServiceAccountKey> ServiceAccountKey::read(const std::filesystem::path& file) {
    ASSAY_TRY(const std::string text, read_file(file, k_file_bytes_max));
    const auto wrong = [&](std::string_view what) {
        return failure(ErrorCode::invalid_argument, fmt::format("{} {}", file.string(), what));
    };
    const auto content = parse_json(text);
    if (!content) return wrong("is not JSON");
    const std::string& type = text_member(*content, "type");
    if (type != "service_account") {
        return wrong(fmt::format(
            "is no service account's key (\"type\": \"service_account\") but {}; create one in "
            "the Cloud console under IAM, Service accounts, Keys",
            type.empty() ? "something else" : fit_width(terminal_safe(type), 40)));
    }
    ServiceAccountKey key{.project = text_member(*content, "project_id"),
                          .email = text_member(*content, "client_email"),
                          .key_id = text_member(*content, "private_key_id"),
                          .private_key = Secret(text_member(*content, "private_key")),
                          .token_url = text_member(*content, "token_uri")};
    if (key.token_url.empty()) key.token_url = k_token_url;
    if (key.email.empty()) return wrong("has no \"client_email\"");
    if (!is_web_address(key.token_url)) return wrong("has a \"token_uri\" that is no web address");
    const auto trial = sign_rs256(key.private_key, "");
    if (!trial) return wrong(fmt::format("cannot be used: {}", trial.error().message));
    return key;
}

Result<std::unique_ptr<Credentials>> make_service_account(ServiceAccountKey key,
                                                          const ProviderSettings& settings,
                                                          const Clock& clock) {
    if (settings.transport != nullptr) {
        return std::make_unique<ServiceAccount>(std::move(key), settings.transport, clock);
    }
    ASSAY_TRY(auto own,
              make_curl_transport({.proxy = settings.proxy, .ca_file = settings.ca_file}));
    return std::make_unique<ServiceAccount>(std::move(key), std::move(own), clock);
}

}  // namespace assay
