#include <fmt/format.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <csignal>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/files.hpp"
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
    void remove(Transfer& transfer);
    /// A handle without options. @error resource_exhausted.
    Result<CurlEasy> spare_easy();
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
    void act_soon();
    void wake_at(MonotonicTime time);
    void on_timer();
    void arm(const WatchPointer& watch, int direction);
    void on_ready(const WatchPointer& watch, int direction);
    void act(curl_socket_t socket, int events);

    HttpTransportOptions options_;
    CurlMulti multi_;
    std::vector<CurlEasy> idle_;  ///< used again: a new one has buffers to allocate and to clear
    // Asio objects exist only while transfers do: an idle transport keeps no event loop running
    // and may outlive it.
    std::optional<asio::steady_timer> timer_;
    std::optional<MonotonicTime> due_;    ///< when libcurl wants to be called; nothing = never
    std::optional<MonotonicTime> armed_;  ///< when the timer fires, never after `due_`
    bool acts_soon_ = false;              ///< libcurl is called before anything else happens
    std::unordered_map<curl_socket_t, WatchPointer> watches_;
    std::size_t active_ = 0;
};

CurlMultiLoop::~CurlMultiLoop() {
    ASSAY_ASSERT(active_ == 0, "a transfer keeps its loop alive");
    idle_.clear();
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

Result<CurlEasy> CurlMultiLoop::spare_easy() {
    if (!idle_.empty()) {
        CurlEasy easy = std::move(idle_.back());
        idle_.pop_back();
        return easy;
    }
    CurlEasy easy(curl_easy_init());
    if (!easy) return failure(ErrorCode::resource_exhausted, "libcurl has no memory left");
    return easy;
}

void CurlMultiLoop::remove(Transfer& transfer) {
    (void)curl_multi_remove_handle(multi_.get(), transfer.easy());  // it is there: add() said so
    idle_.push_back(transfer.release_easy());
    curl_easy_reset(idle_.back().get());
    if (--active_ > 0) return;
    timer_.reset();
    due_.reset();
    armed_.reset();
    acts_soon_ = false;  // what was posted is lost when the event loop ends first
}

int CurlMultiLoop::on_socket(CURL* easy, curl_socket_t socket, int what, void* self,
                             void* /*watch*/) {
    CurlMultiLoop& loop = *static_cast<CurlMultiLoop*>(self);
    const auto found = loop.watches_.find(socket);
    if (what == CURL_POLL_REMOVE) {
        if (found == loop.watches_.end()) return 0;
        (void)found->second->descriptor.release();
        loop.watches_.erase(found);
        return 0;
    }
    void* transfer = nullptr;
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    if (transfer != nullptr) static_cast<Transfer*>(transfer)->waits_on(socket);
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

/// libcurl sets its timer several times a request, mostly to "now" or to an end that never comes.
/// The first needs no timer, and for the second one that fires too early is enough: setting it is
/// a system call.
int CurlMultiLoop::on_timeout(CURLM* /*multi*/, long timeout_ms, void* self) {
    CurlMultiLoop& loop = *static_cast<CurlMultiLoop*>(self);
    if (!loop.timer_) return 0;
    loop.due_.reset();
    if (timeout_ms == 0) loop.act_soon();
    if (timeout_ms <= 0) return 0;
    loop.due_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    if (!loop.armed_ || *loop.due_ < *loop.armed_) loop.wake_at(*loop.due_);
    return 0;
}

void CurlMultiLoop::act_soon() {
    if (std::exchange(acts_soon_, true)) return;
    asio::post(timer_->get_executor(), [weak = weak_from_this()] {
        const auto loop = weak.lock();
        if (!loop) return;
        loop->acts_soon_ = false;
        if (loop->active_ > 0) loop->act(CURL_SOCKET_TIMEOUT, 0);
    });
}

void CurlMultiLoop::wake_at(MonotonicTime time) {
    armed_ = time;
    timer_->expires_at(time);
    timer_->async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto loop = weak.lock();
        if (loop && !error) loop->on_timer();
    });
}

void CurlMultiLoop::on_timer() {
    armed_.reset();
    if (!due_ || !timer_) return;
    if (*due_ > std::chrono::steady_clock::now()) {
        wake_at(*due_);
    } else {
        act(CURL_SOCKET_TIMEOUT, 0);
    }
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
    Registration(std::shared_ptr<CurlMultiLoop> loop, Transfer& transfer)
        : loop_(std::move(loop)), transfer_(transfer) {}
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    ~Registration() { loop_->remove(transfer_); }

  private:
    std::shared_ptr<CurlMultiLoop> loop_;
    Transfer& transfer_;
};

class CurlTransport final : public HttpTransport {
  public:
    explicit CurlTransport(std::shared_ptr<CurlMultiLoop> loop) : loop_(std::move(loop)) {}

    Task<HttpResponse> send(HttpRequest request, Deadline deadline) override {
        ASSAY_CO_CHECK(check_request(request));
        ASSAY_CO_TRY(Endpoint endpoint, endpoint_of(request.url));
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        Transfer transfer(std::move(request), std::move(endpoint), loop_->options(), executor);
        ASSAY_CO_TRY(CurlEasy easy, loop_->spare_easy());
        ASSAY_CO_CHECK(transfer.prepare(std::move(easy)));
        ASSAY_CO_CHECK(loop_->add(transfer, executor));
        const Registration registration(loop_, transfer);
        co_return co_await transfer.finish(deadline);
    }

  private:
    /// parse_endpoint(), remembering the last URL: most requests go where the one before went.
    Result<Endpoint> endpoint_of(const std::string& url) {
        if (!last_ || last_->url != url) {
            ASSAY_TRY(Endpoint endpoint, parse_endpoint(url));
            last_ = {url, std::move(endpoint)};
        }
        return last_->endpoint;
    }

    struct Known {
        std::string url;
        Endpoint endpoint;
    };
    std::optional<Known> last_;
    // Shared with the transfers on their way: an event loop may destroy their coroutines after
    // the transport is gone.
    std::shared_ptr<CurlMultiLoop> loop_;
};

/// Read here as well, because libcurl tells only when it connects, and then as a certificate that
/// is not trusted.
Result<void> check_ca_file(const std::string& path) {
    auto text = read_file(path, limits::k_ca_file_bytes_max);
    if (!text) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the CA file cannot be used: {}", text.error().message));
    }
    if (text->contains("-----BEGIN ")) return {};
    return failure(ErrorCode::invalid_argument,
                   fmt::format("the CA file {} holds no certificate in PEM", path));
}

}  // namespace

Result<std::unique_ptr<HttpTransport>> make_curl_transport(HttpTransportOptions options) {
    if (!options.proxy.empty()) ASSAY_CHECK(check_proxy(options.proxy));
    if (!options.ca_file.empty()) ASSAY_CHECK(check_ca_file(options.ca_file));
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
