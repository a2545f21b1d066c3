#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

// What the model stub can give at most: the bytes of one request sent again and again over plain
// sockets, as soon as the last answer on that connection is complete.
//
//   raw_loop PORT REQUESTS CONNECTIONS      prints the seconds it took

namespace {

using Clock = std::chrono::steady_clock;

constexpr int k_events_max = 256;
constexpr std::string_view k_body =
    R"({"messages":[{"content":"What is the answer to question number 12345, please?",)"
    R"("role":"user"}],"model":"stub","temperature":0})";

/// @return the socket, -1 when the stub is not there.
int connect_to(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    (void)::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    return ::connect(descriptor, generic, sizeof(address)) == 0 ? descriptor : -1;
}

/// @return whether every request was answered.
bool run(int port, std::size_t requests, std::size_t connections) {
    const std::string request = fmt::format(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n"
        "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
        port, k_body.size(), k_body);
    const int poll = ::epoll_create1(EPOLL_CLOEXEC);
    std::size_t sent = 0;
    std::size_t answered = 0;
    const auto send_one = [&](int descriptor) {
        ++sent;
        return ::send(descriptor, request.data(), request.size(), MSG_NOSIGNAL) > 0;
    };
    for (std::size_t i = 0; i < connections && sent < requests; ++i) {
        const int descriptor = connect_to(port);
        epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
        if (descriptor < 0 || ::epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) != 0 ||
            !send_one(descriptor)) {
            return false;
        }
    }
    std::array<epoll_event, k_events_max> events{};
    std::array<char, 4096> reply{};  // answers are shorter and come whole
    while (answered < requests) {
        const int count = ::epoll_wait(poll, events.data(), k_events_max, -1);
        for (int i = 0; i < count; ++i) {
            const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
            if (::recv(descriptor, reply.data(), reply.size(), 0) <= 0) return false;
            ++answered;
            if (sent < requests && !send_one(descriptor)) return false;
        }
    }
    return true;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) {
        fmt::print(stderr, "usage: raw_loop PORT REQUESTS CONNECTIONS\n");
        return 2;
    }
    const auto began = Clock::now();
    const bool done =
        run(static_cast<int>(std::strtol(arguments[1], nullptr, 10)),
            std::strtoull(arguments[2], nullptr, 10), std::strtoull(arguments[3], nullptr, 10));
    fmt::print("{:.6f}\n", std::chrono::duration<double>(Clock::now() - began).count());
    return done ? 0 : 1;
}
