#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

// A model on loopback that answers Chat Completions as fast as one core can, or after a fixed
// latency, so that a benchmark measures who asks. The answer is the content of the last message.
//
//   model_stub [LATENCY_MS]      prints its port; ends with the process that started it

namespace assay {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int k_events_max = 256;
constexpr int k_backlog = 4096;
constexpr std::size_t k_read_bytes = 64U << 10U;

struct Connection {
    std::string received;
    std::uint64_t serial = 0;  ///< tells it from an earlier one with the same descriptor
};

/// An answer that waits for its time. All wait equally long, so the first is the next.
struct Pending {
    Clock::time_point due;
    int descriptor;
    std::uint64_t serial;
    std::string answer;
};

[[noreturn]] void give_up(const char* what) {
    fmt::print(stderr, "model_stub: {}: {}\n", what, std::strerror(errno));
    std::exit(1);
}

/// What an HTTP request's header says about the length of its body.
std::size_t body_size(std::string_view header) {
    constexpr std::string_view k_name = "content-length:";
    for (std::size_t at = 0; at < header.size();) {
        const std::string_view line = header.substr(at, header.find("\r\n", at) - at);
        at += line.size() + 2;
        const bool is_length = line.size() > k_name.size() &&
                               strncasecmp(line.data(), k_name.data(), k_name.size()) == 0;
        if (!is_length) continue;
        const std::size_t digits = line.find_first_not_of(' ', k_name.size());
        std::size_t size = 0;
        (void)std::from_chars(line.data() + digits, line.data() + line.size(), size);
        return size;
    }
    return 0;
}

/// The last message's content, still escaped, which is how it goes back.
std::string_view last_content(std::string_view body) {
    constexpr std::string_view k_member = "\"content\":\"";
    const std::size_t found = body.rfind(k_member);
    if (found == std::string_view::npos) return "no message";
    const std::size_t begin = found + k_member.size();
    std::size_t end = begin;
    while (end < body.size() && body[end] != '"') end += body[end] == '\\' ? 2 : 1;
    return body.substr(begin, end - begin);
}

std::string answer_to(std::string_view request_body) {
    constexpr std::string_view k_before =
        R"({"id":"chatcmpl-1","object":"chat.completion","created":1767225600,"model":"stub-1",)"
        R"("choices":[{"index":0,"message":{"role":"assistant","content":")";
    constexpr std::string_view k_after =
        R"("},"logprobs":null,"finish_reason":"stop"}],)"
        R"("usage":{"prompt_tokens":21,"completion_tokens":9,"total_tokens":30}})";
    const std::string_view content = last_content(request_body);
    return fmt::format(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}{}{}",
        k_before.size() + content.size() + k_after.size(), k_before, content, k_after);
}

class ModelStub {
  public:
    explicit ModelStub(Clock::duration latency) : latency_(latency) {}

    /// @return the port.
    int listen_on_loopback();
    [[noreturn]] void serve();

  private:
    void watch(int descriptor) const;
    void accept_all();
    void read_from(int descriptor);
    void answer_complete(int descriptor, Connection& connection);
    void send(int descriptor, std::string_view answer);
    void send_what_is_due();
    [[nodiscard]] std::optional<timespec> until_next() const;

    Clock::duration latency_;
    int listener_ = -1;
    int poll_ = -1;
    std::uint64_t serials_ = 0;
    std::unordered_map<int, Connection> connections_;
    std::deque<Pending> pending_;
    std::array<char, k_read_bytes> buffer_{};
};

int ModelStub::listen_on_loopback() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    poll_ = ::epoll_create1(EPOLL_CLOEXEC);
    const bool listens = listener_ >= 0 && poll_ >= 0 && ::bind(listener_, generic, size) == 0 &&
                         ::listen(listener_, k_backlog) == 0 &&
                         ::getsockname(listener_, generic, &size) == 0;
    if (!listens) give_up("cannot listen");
    watch(listener_);
    return ntohs(address.sin_port);
}

void ModelStub::watch(int descriptor) const {
    epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
    if (::epoll_ctl(poll_, EPOLL_CTL_ADD, descriptor, &event) != 0) give_up("epoll_ctl");
}

void ModelStub::accept_all() {
    while (true) {
        const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) return;
        const int on = 1;
        (void)::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        connections_[descriptor] = {.serial = ++serials_};
        watch(descriptor);
    }
}

void ModelStub::read_from(int descriptor) {
    const ssize_t count = ::recv(descriptor, buffer_.data(), buffer_.size(), 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
        connections_.erase(descriptor);
        (void)::close(descriptor);
        return;
    }
    Connection& connection = connections_[descriptor];
    connection.received.append(buffer_.data(), static_cast<std::size_t>(count));
    answer_complete(descriptor, connection);
}

void ModelStub::answer_complete(int descriptor, Connection& connection) {
    std::string_view rest = connection.received;
    while (true) {
        const std::size_t header_end = rest.find("\r\n\r\n");
        if (header_end == std::string_view::npos) break;
        const std::size_t body_begin = header_end + 4;
        const std::size_t size = body_size(rest.substr(0, header_end));
        if (rest.size() < body_begin + size) break;
        std::string answer = answer_to(rest.substr(body_begin, size));
        rest.remove_prefix(body_begin + size);
        if (latency_ == Clock::duration::zero()) {
            send(descriptor, answer);
        } else {
            pending_.push_back(
                {Clock::now() + latency_, descriptor, connection.serial, std::move(answer)});
        }
    }
    connection.received.erase(0, connection.received.size() - rest.size());
}

void ModelStub::send(int descriptor, std::string_view answer) {
    const ssize_t sent = ::send(descriptor, answer.data(), answer.size(), MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(answer.size())) return;
    // Who does not read its answers is no benchmark; the end of the connection says so. The
    // descriptor is closed when that end is read.
    (void)::shutdown(descriptor, SHUT_RDWR);
}

void ModelStub::send_what_is_due() {
    const Clock::time_point now = Clock::now();
    while (!pending_.empty() && pending_.front().due <= now) {
        const Pending& next = pending_.front();
        const auto found = connections_.find(next.descriptor);
        if (found != connections_.end() && found->second.serial == next.serial) {
            send(next.descriptor, next.answer);
        }
        pending_.pop_front();
    }
}

std::optional<timespec> ModelStub::until_next() const {
    if (pending_.empty()) return std::nullopt;
    const auto left = std::max(Clock::duration::zero(), pending_.front().due - Clock::now());
    const auto nanoseconds = std::chrono::nanoseconds(left).count();
    return timespec{.tv_sec = nanoseconds / 1'000'000'000, .tv_nsec = nanoseconds % 1'000'000'000};
}

void ModelStub::serve() {
    std::array<epoll_event, k_events_max> events{};
    while (true) {
        const auto wait = until_next();
        const int count =
            ::epoll_pwait2(poll_, events.data(), k_events_max, wait ? &*wait : nullptr, nullptr);
        if (count < 0 && errno != EINTR) give_up("epoll_pwait2");
        for (int i = 0; i < count; ++i) {
            const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
            if (descriptor == listener_) {
                accept_all();
            } else {
                read_from(descriptor);
            }
        }
        send_what_is_due();
    }
}

}  // namespace
}  // namespace assay

int main(int count, char** arguments) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const long latency_ms = count > 1 ? std::strtol(arguments[1], nullptr, 10) : 0;
    assay::ModelStub stub{std::chrono::milliseconds(latency_ms)};
    fmt::print("{}\n", stub.listen_on_loopback());
    (void)std::fflush(stdout);
    stub.serve();
}
