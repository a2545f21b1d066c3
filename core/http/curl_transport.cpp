#include <fmt/format.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <csignal>
#include <optional>
#include <unordered_map>

#include "core/base/limits.hpp"
#include "core/http/curl_transfer.hpp"
#include "core/http/http_client.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;

/// libcurl's event loop on Asio: libcurl says which sockets and which time-out it waits for, Asio
/// waits, libcurl is told what came. A thread of its own around curl_multi_poll would be shorter,
/// but it walks over every transfer at every event and hands each answer across threads; this
/// costs only what is active, and no lock.
class CurlMultiLoop : public std::enable_shared_from_this<CurlMultiLoop> {
  public:
    explicit CurlMultiLoop(HttpTransportOptions options) : options_(std::move(options)) {}
    CurlMultiLoop(const CurlMultiLoop&) = delete;
    CurlMultiLoop& operator=(const CurlMultiLoop&) = delete;
    ~CurlMultiLoop();

    /// @error internal when libcurl cannot be initialised.
    Result<void> open();
    Result<void> add(const Transfer& transfer, const asio::any_io_executor& executor);
    void remove(const Transfer& transfer);
    [[nodiscard]] const HttpTransportOptions& options() const { return options_; }

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

    HttpTransportOptions options_;
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
        Transfer transfer(std::move(request), std::move(endpoint), loop_->options(), executor);
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

Result<std::unique_ptr<HttpTransport>> make_curl_transport(HttpTransportOptions options) {
    // A connection that breaks while OpenSSL writes to it must be an error, not a signal.
    (void)std::signal(SIGPIPE, SIG_IGN);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return failure(ErrorCode::internal, "libcurl cannot be initialised");
    }
    auto loop = std::make_shared<CurlMultiLoop>(std::move(options));
    ASSAY_CHECK(loop->open());
    return std::make_unique<CurlTransport>(std::move(loop));
}

}  // namespace assay
