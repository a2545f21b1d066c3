#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <csignal>
#include <optional>
#include <unordered_map>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/base/version.hpp"
#include "core/base/wakeup.hpp"
#include "core/http/curl_error.hpp"
#include "core/http/http_client.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;

/// Sets options of one handle and remembers the first that was refused.
class EasyOptions {
  public:
    explicit EasyOptions(CURL* easy) : easy_(easy) {}

    template <class T>
    void set(CURLoption option, T value) {
        if (code_ == CURLE_OK) code_ = curl_easy_setopt(easy_, option, value);
    }
    [[nodiscard]] Result<void> result() const {
        if (code_ == CURLE_OK) return {};
        return failure(ErrorCode::internal,
                       fmt::format("libcurl refused an option: {}", curl_easy_strerror(code_)));
    }

  private:
    CURL* easy_;
    CURLcode code_ = CURLE_OK;
};

bool has_line_break_or_null(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

/// A token of RFC 9110: what methods and header names are made of.
bool is_token(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    };
    return !text.empty() && std::ranges::all_of(text, allowed);
}

/// Refuses what could smuggle a second header or request into the connection.
Result<void> check_request(const HttpRequest& request) {
    if (!is_token(request.method)) {
        return failure(ErrorCode::invalid_argument, "the HTTP method is not a word");
    }
    for (const HttpHeader& header : request.headers) {
        if (!is_token(header.name)) {
            return failure(
                ErrorCode::invalid_argument,
                fmt::format("\"{}\" is no name of an HTTP header", terminal_safe(header.name)));
        }
        if (has_line_break_or_null(header.value.reveal())) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("the value of the header \"{}\" holds a line break; was a "
                                       "newline copied with it?",
                                       header.name));
        }
    }
    return {};
}

/// One request on its way. Lives in the frame of the coroutine that waits for it.
class Transfer {
  public:
    Transfer(HttpRequest request, Endpoint endpoint, const asio::any_io_executor& executor)
        : request_(std::move(request)), endpoint_(std::move(endpoint)), finished_(executor) {}
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    /// @error internal or resource_exhausted when libcurl cannot take the request.
    Result<void> prepare();
    /// Sleeps until the transfer is over. @error as HttpTransport::send.
    Task<HttpResponse> finish(Deadline deadline);
    void end(CURLcode code) {
        code_ = code;
        finished_.notify();
    }
    [[nodiscard]] CURL* easy() const { return easy_.get(); }

  private:
    Result<void> add_headers();
    void set_method(EasyOptions& options);
    bool take(std::size_t bytes);
    [[nodiscard]] Error failed() const;

    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);

    HttpRequest request_;
    Endpoint endpoint_;
    Wakeup finished_;
    CurlList headers_;
    CurlEasy easy_;
    std::array<char, CURL_ERROR_SIZE> detail_{};
    std::optional<CURLcode> code_;  ///< nothing while it runs
    HttpResponse response_;
    std::size_t received_bytes_ = 0;
    bool too_large_ = false;
};

Result<void> Transfer::prepare() {
    easy_.reset(curl_easy_init());
    if (!easy_) return failure(ErrorCode::resource_exhausted, "libcurl has no memory left");
    ASSAY_CHECK(add_headers());
    const std::chrono::milliseconds connect_timeout = limits::k_connect_timeout;

    EasyOptions options(easy_.get());
    options.set(CURLOPT_PRIVATE, this);
    options.set(CURLOPT_URL, request_.url.c_str());
    set_method(options);
    options.set(CURLOPT_HTTPHEADER, headers_.get());
    options.set(CURLOPT_USERAGENT, "assay/" ASSAY_VERSION);
    options.set(CURLOPT_ACCEPT_ENCODING, "");  // every coding that libcurl can undo
    options.set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    options.set(CURLOPT_HEADERDATA, this);
    options.set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    options.set(CURLOPT_WRITEDATA, this);
    options.set(CURLOPT_ERRORBUFFER, detail_.data());

    // Said explicitly even where it is the default: our safety does not hang on a build's options.
    options.set(CURLOPT_PROTOCOLS_STR, "http,https");
    options.set(CURLOPT_FOLLOWLOCATION, 0L);
    options.set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    options.set(CURLOPT_SSL_VERIFYPEER, 1L);
    options.set(CURLOPT_SSL_VERIFYHOST, 2L);
    options.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // a proxy's headers are not the answer's
    options.set(CURLOPT_NOSIGNAL, 1L);
    options.set(CURLOPT_QUICK_EXIT, 1L);  // never wait for a look-up thread on the I/O thread
    options.set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_timeout.count()));
    options.set(CURLOPT_TCP_KEEPALIVE, 1L);
    options.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    // Over TLS wait for the first connection's handshake: it may carry all requests (HTTP/2).
    options.set(CURLOPT_PIPEWAIT, request_.url.starts_with("https:") ? 1L : 0L);
    return options.result();
}

Result<void> Transfer::add_headers() {
    const auto add = [this](const std::string& line) {
        curl_slist* const list = curl_slist_append(headers_.get(), line.c_str());
        if (list == nullptr) return false;
        if (!headers_) headers_.reset(list);  // later it is the list that we have
        return true;
    };
    bool added = add("Expect:");  // no waiting for "100 Continue" before a long body
    for (const HttpHeader& header : request_.headers) {
        const std::string& value = header.value.reveal();
        // libcurl's own notation: "name;" sends an empty value, "name:" removes the header.
        added = added && add(value.empty() ? header.name + ";" : header.name + ": " + value);
    }
    if (!added) return failure(ErrorCode::resource_exhausted, "libcurl has no memory left");
    return {};
}

void Transfer::set_method(EasyOptions& options) {
    const std::string& method = request_.method;
    if (method == "POST" || !request_.body.empty()) {
        options.set(CURLOPT_POST, 1L);
        options.set(CURLOPT_POSTFIELDS, request_.body.data());  // not copied
        options.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    }
    if (method == "HEAD") options.set(CURLOPT_NOBODY, 1L);
    if (method != "POST") options.set(CURLOPT_CUSTOMREQUEST, method.c_str());
}

Task<HttpResponse> Transfer::finish(Deadline deadline) {
    const MonotonicTime started = std::chrono::steady_clock::now();
    Wakeup::Cause cause = Wakeup::Cause::notified;
    while (!code_ && cause == Wakeup::Cause::notified) cause = co_await finished_.wait(deadline);

    if (code_ == CURLE_OK) {
        long status = 0;
        (void)curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);  // cannot fail
        response_.status = static_cast<int>(status);
        co_return std::move(response_);
    }
    if (code_) co_return std::unexpected(failed());
    if (cause == Wakeup::Cause::cancelled) {
        co_return failure(ErrorCode::cancelled,
                          fmt::format("the request to {} was cancelled", endpoint_.text()));
    }
    const double waited_s = to_ms(std::chrono::steady_clock::now() - started) / 1000;
    co_return retryable_failure(
        ErrorCode::deadline_exceeded,
        fmt::format("no complete answer from {} within {:.3g} s: is it overloaded, or is `timeout` "
                    "too short?",
                    endpoint_.text(), waited_s));
}

Error Transfer::failed() const {
    if (too_large_) {
        return Error{ErrorCode::resource_exhausted,
                     fmt::format("the answer of {} is larger than {} MB", endpoint_.text(),
                                 limits::k_provider_reply_bytes_max >> 20U)};
    }
    long os_error = 0;
    (void)curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &os_error);  // stays 0 when unknown
    return transfer_error({*code_, os_error, detail_.data()}, endpoint_);
}

/// Counts header and (unpacked) body bytes against the limit.
bool Transfer::take(std::size_t bytes) {
    received_bytes_ += bytes;
    too_large_ = received_bytes_ > limits::k_provider_reply_bytes_max;
    return !too_large_;
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
    Transfer& transfer = *static_cast<Transfer*>(self);
    const std::string_view line(data, size * count);
    if (!transfer.take(line.size())) return 0;
    if (line.starts_with("HTTP/")) transfer.response_.headers.clear();  // after a 1xx
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return line.size();
    std::string& value = transfer.response_.headers[to_lower_ascii(trim(line.substr(0, colon)))];
    if (!value.empty()) value += ", ";
    value += trim(line.substr(colon + 1));
    return line.size();
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
    Transfer& transfer = *static_cast<Transfer*>(self);
    if (!transfer.take(size * count)) return 0;
    transfer.response_.body.append(data, size * count);
    return size * count;
}

/// libcurl's event loop on Asio: libcurl says which sockets and which time-out it waits for, Asio
/// waits, libcurl is told what came. A thread of its own around curl_multi_poll would be shorter,
/// but it walks over every transfer at every event and hands each answer across threads; this
/// costs only what is active, and no lock.
class CurlMultiLoop : public std::enable_shared_from_this<CurlMultiLoop> {
  public:
    CurlMultiLoop() = default;
    CurlMultiLoop(const CurlMultiLoop&) = delete;
    CurlMultiLoop& operator=(const CurlMultiLoop&) = delete;
    ~CurlMultiLoop();

    /// @error internal when libcurl cannot be initialised.
    Result<void> open();
    Result<void> add(const Transfer& transfer, const asio::any_io_executor& executor);
    void remove(const Transfer& transfer);

  private:
    /// A socket of libcurl's. libcurl owns and closes it: the descriptor is released, not closed.
    struct Watch {
        asio::posix::stream_descriptor descriptor;
        int wanted = 0;  ///< CURL_POLL_IN and CURL_POLL_OUT
        int armed = 0;   ///< those that Asio waits for
    };
    using WatchPointer = std::shared_ptr<Watch>;  // shared with the handlers that wait on it

    static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* watch);
    static int on_timeout(CURLM* multi, long timeout_ms, void* self);
    void arm(const WatchPointer& watch, int direction);
    void on_ready(const WatchPointer& watch, int direction);
    void act(curl_socket_t socket, int events);

    CurlMulti multi_;
    // Asio objects exist only while transfers do: an idle transport keeps no event loop running
    // and may outlive it.
    std::optional<asio::steady_timer> timer_;
    std::unordered_map<curl_socket_t, WatchPointer> watches_;
    std::size_t active_ = 0;
};

CurlMultiLoop::~CurlMultiLoop() {
    ASSAY_ASSERT(active_ == 0, "a transfer keeps its loop alive");
    multi_.reset();  // calls on_socket for what it closes
}

Result<void> CurlMultiLoop::open() {
    multi_.reset(curl_multi_init());
    if (!multi_) return failure(ErrorCode::internal, "libcurl cannot be initialised");
    CURLMcode code = CURLM_OK;
    const auto set = [&](CURLMoption option, auto value) {
        if (code == CURLM_OK) code = curl_multi_setopt(multi_.get(), option, value);
    };
    set(CURLMOPT_SOCKETFUNCTION, &CurlMultiLoop::on_socket);
    set(CURLMOPT_SOCKETDATA, this);
    set(CURLMOPT_TIMERFUNCTION, &CurlMultiLoop::on_timeout);
    set(CURLMOPT_TIMERDATA, this);
    // The default shrinks with the requests under way and would close what the next ones need.
    set(CURLMOPT_MAXCONNECTS, static_cast<long>(limits::k_concurrency_max));
    if (code == CURLM_OK) return {};
    return failure(ErrorCode::internal,
                   fmt::format("libcurl cannot be initialised: {}", curl_multi_strerror(code)));
}

Result<void> CurlMultiLoop::add(const Transfer& transfer, const asio::any_io_executor& executor) {
    if (!timer_) timer_.emplace(executor);
    const CURLMcode code = curl_multi_add_handle(multi_.get(), transfer.easy());
    if (code != CURLM_OK) {
        return failure(ErrorCode::internal,
                       fmt::format("libcurl refused a request: {}", curl_multi_strerror(code)));
    }
    ++active_;
    return {};
}

void CurlMultiLoop::remove(const Transfer& transfer) {
    (void)curl_multi_remove_handle(multi_.get(), transfer.easy());  // it is there: add() said so
    if (--active_ == 0) timer_.reset();
}

int CurlMultiLoop::on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* self,
                             void* /*watch*/) {
    CurlMultiLoop& loop = *static_cast<CurlMultiLoop*>(self);
    const auto found = loop.watches_.find(socket);
    if (what == CURL_POLL_REMOVE) {
        if (found == loop.watches_.end()) return 0;
        (void)found->second->descriptor.release();
        loop.watches_.erase(found);
        return 0;
    }
    WatchPointer watch;
    if (found == loop.watches_.end()) {
        asio::posix::stream_descriptor descriptor(loop.timer_->get_executor(), socket);
        watch = std::make_shared<Watch>(Watch{.descriptor = std::move(descriptor)});
        loop.watches_.emplace(socket, watch);
    } else {
        watch = found->second;
    }
    watch->wanted = what;
    loop.arm(watch, CURL_POLL_IN);
    loop.arm(watch, CURL_POLL_OUT);
    return 0;
}

void CurlMultiLoop::arm(const WatchPointer& watch, int direction) {
    if ((watch->wanted & direction) == 0 || (watch->armed & direction) != 0) return;
    watch->armed |= direction;
    using Descriptor = asio::posix::stream_descriptor;
    const auto type = direction == CURL_POLL_IN ? Descriptor::wait_read : Descriptor::wait_write;
    watch->descriptor.async_wait(
        type, [weak = weak_from_this(), watch, direction](const boost::system::error_code& error) {
            const auto loop = weak.lock();
            if (loop && !error) loop->on_ready(watch, direction);
        });
}

void CurlMultiLoop::on_ready(const WatchPointer& watch, int direction) {
    watch->armed &= ~direction;
    // Released or no longer wanted between the event and this handler.
    if (!watch->descriptor.is_open() || (watch->wanted & direction) == 0) return;
    act(watch->descriptor.native_handle(),
        direction == CURL_POLL_IN ? CURL_CSELECT_IN : CURL_CSELECT_OUT);
    if (watch->descriptor.is_open()) arm(watch, direction);
}

int CurlMultiLoop::on_timeout(CURLM* /*multi*/, long timeout_ms, void* self) {
    CurlMultiLoop& loop = *static_cast<CurlMultiLoop*>(self);
    if (!loop.timer_) return 0;
    if (timeout_ms < 0) {
        loop.timer_->cancel();
        return 0;
    }
    loop.timer_->expires_after(std::chrono::milliseconds(timeout_ms));
    loop.timer_->async_wait([weak = loop.weak_from_this()](const boost::system::error_code& error) {
        const auto again = weak.lock();
        if (again && !error) again->act(CURL_SOCKET_TIMEOUT, 0);
    });
    return 0;
}

void CurlMultiLoop::act(curl_socket_t socket, int events) {
    int running = 0;
    const CURLMcode code = curl_multi_socket_action(multi_.get(), socket, events, &running);
    ASSAY_ASSERT(code == CURLM_OK, curl_multi_strerror(code));
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
        void* transfer = nullptr;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        static_cast<Transfer*>(transfer)->end(message->data.result);
    }
}

/// Takes a transfer out of the loop however its coroutine ends, also when it is destroyed.
class Registration {
  public:
    Registration(std::shared_ptr<CurlMultiLoop> loop, const Transfer& transfer)
        : loop_(std::move(loop)), transfer_(transfer) {}
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    ~Registration() { loop_->remove(transfer_); }

  private:
    std::shared_ptr<CurlMultiLoop> loop_;
    const Transfer& transfer_;
};

class CurlTransport final : public HttpTransport {
  public:
    explicit CurlTransport(std::shared_ptr<CurlMultiLoop> loop) : loop_(std::move(loop)) {}

    Task<HttpResponse> send(HttpRequest request, Deadline deadline) override {
        ASSAY_CO_CHECK(check_request(request));
        ASSAY_CO_TRY(Endpoint endpoint, parse_endpoint(request.url));
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        Transfer transfer(std::move(request), std::move(endpoint), executor);
        ASSAY_CO_CHECK(transfer.prepare());
        ASSAY_CO_CHECK(loop_->add(transfer, executor));
        const Registration registration(loop_, transfer);
        co_return co_await transfer.finish(deadline);
    }

  private:
    // Shared with the transfers on their way: an event loop may destroy their coroutines after
    // the transport is gone.
    std::shared_ptr<CurlMultiLoop> loop_;
};

}  // namespace

Result<std::unique_ptr<HttpTransport>> make_curl_transport() {
    // A connection that breaks while OpenSSL writes to it must be an error, not a signal.
    (void)std::signal(SIGPIPE, SIG_IGN);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return failure(ErrorCode::internal, "libcurl cannot be initialised");
    }
    auto loop = std::make_shared<CurlMultiLoop>();
    ASSAY_CHECK(loop->open());
    return std::make_unique<CurlTransport>(std::move(loop));
}

}  // namespace assay
