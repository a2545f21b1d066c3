#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/http/curl_handle.hpp"

// The yardstick of engine_bench.py: Chat Completions over libcurl's multi interface, each request
// built and each reply parsed as JSON, and nothing else. The handles and their connections are
// used again.
//
//   curl_loop PORT REQUESTS CONNECTIONS      prints the seconds it took

namespace assay {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int k_events_max = 256;

/// One connection's worth of requests, one after the other.
struct Lane {
    CurlEasy easy{curl_easy_init()};
    std::string prompt;
    std::string body;
    std::string reply;
};

class CurlLoop {
  public:
    CurlLoop(const std::string& port, std::size_t requests, std::size_t connections);
    CurlLoop(const CurlLoop&) = delete;
    CurlLoop& operator=(const CurlLoop&) = delete;
    ~CurlLoop();

    /// @return how many answers said what was asked.
    std::size_t run();

  private:
    static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* known);
    static int on_timer(CURLM* multi, long timeout_ms, void* self);
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* lane);
    void prepare(Lane& lane) const;
    void start(Lane& lane);
    void act(curl_socket_t socket, int events);
    void finish(CURL* easy);

    std::string url_;
    std::size_t requests_;
    CurlList headers_{curl_slist_append(nullptr, "Content-Type: application/json")};
    CurlMulti multi_{curl_multi_init()};
    std::vector<Lane> lanes_;
    int poll_ = ::epoll_create1(EPOLL_CLOEXEC);
    long timeout_ms_ = -1;
    std::size_t started_ = 0;
    std::size_t running_ = 0;
    std::size_t right_ = 0;
};

CurlLoop::CurlLoop(const std::string& port, std::size_t requests, std::size_t connections)
    : url_("http://127.0.0.1:" + port + "/v1/chat/completions"),
      requests_(requests),
      lanes_(connections) {
    curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &CurlLoop::on_socket);
    curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &CurlLoop::on_timer);
    curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(connections));
    for (Lane& lane : lanes_) prepare(lane);
}

CurlLoop::~CurlLoop() {
    lanes_.clear();
    multi_.reset();  // calls on_socket for what it closes
    (void)::close(poll_);
}

void CurlLoop::prepare(Lane& lane) const {
    CURL* const easy = lane.easy.get();
    curl_easy_setopt(easy, CURLOPT_URL, url_.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &lane);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &CurlLoop::on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &lane);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
}

void CurlLoop::start(Lane& lane) {
    lane.prompt = fmt::format("What is the answer to question number {}, please?", started_++);
    const Json body = {{"model", "stub"},
                       {"temperature", 0},
                       {"messages", {{{"role", "user"}, {"content", lane.prompt}}}}};
    lane.body = to_text(body);
    lane.reply.clear();
    curl_easy_setopt(lane.easy.get(), CURLOPT_POSTFIELDS, lane.body.data());
    curl_easy_setopt(lane.easy.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(lane.body.size()));
    curl_multi_add_handle(multi_.get(), lane.easy.get());
    ++running_;
}

std::size_t CurlLoop::on_body(char* data, std::size_t size, std::size_t count, void* lane) {
    static_cast<Lane*>(lane)->reply.append(data, size * count);
    return size * count;
}

int CurlLoop::on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* self, void* known) {
    CurlLoop& loop = *static_cast<CurlLoop*>(self);
    if (what == CURL_POLL_REMOVE) {
        (void)::epoll_ctl(loop.poll_, EPOLL_CTL_DEL, socket, nullptr);
        return 0;
    }
    epoll_event event{.events = 0, .data = {.fd = socket}};
    if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
    if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
    const int operation = known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    (void)::epoll_ctl(loop.poll_, operation, socket, &event);
    curl_multi_assign(loop.multi_.get(), socket, self);
    return 0;
}

int CurlLoop::on_timer(CURLM* /*multi*/, long timeout_ms, void* self) {
    static_cast<CurlLoop*>(self)->timeout_ms_ = timeout_ms;
    return 0;
}

void CurlLoop::act(curl_socket_t socket, int events) {
    int running = 0;
    curl_multi_socket_action(multi_.get(), socket, events, &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
        finish(message->easy_handle);
    }
}

void CurlLoop::finish(CURL* easy) {
    Lane* lane = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &lane);
    curl_multi_remove_handle(multi_.get(), easy);
    --running_;
    const auto reply = parse_json(lane->reply);
    const bool right =
        reply && (*reply)["choices"][0]["message"]["content"].get<std::string>() == lane->prompt;
    right_ += right ? 1 : 0;
    if (started_ < requests_) start(*lane);
}

std::size_t CurlLoop::run() {
    for (Lane& lane : lanes_) {
        if (started_ < requests_) start(lane);
    }
    std::array<epoll_event, k_events_max> events{};
    while (running_ > 0) {
        const int timeout_ms = static_cast<int>(timeout_ms_);
        const int count = ::epoll_wait(poll_, events.data(), k_events_max, timeout_ms);
        if (timeout_ms == 0 || count == 0) {
            timeout_ms_ = -1;
            act(CURL_SOCKET_TIMEOUT, 0);
        }
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            const int readable = (event.events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0;
            const int writable = (event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0;
            act(event.data.fd, readable | writable);
        }
    }
    return right_;
}

}  // namespace
}  // namespace assay

int main(int count, char** arguments) {
    if (count != 4) {
        fmt::print(stderr, "usage: curl_loop PORT REQUESTS CONNECTIONS\n");
        return 2;
    }
    const std::size_t requests = std::strtoull(arguments[2], nullptr, 10);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    assay::CurlLoop loop(arguments[1], requests, std::strtoull(arguments[3], nullptr, 10));
    const auto began = assay::Clock::now();
    const std::size_t right = loop.run();
    fmt::print("{:.6f}\n", std::chrono::duration<double>(assay::Clock::now() - began).count());
    return right == requests ? 0 : 1;
}
