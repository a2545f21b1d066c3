#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "core/base/error.hpp"

namespace assay {

/// Reads a certificate with its chain and its private key, both PEM. TLS 1.2 is the least that is
/// spoken.
/// @error invalid_argument, with the file, when one cannot be used or they do not belong together.
[[nodiscard]] Result<std::unique_ptr<boost::asio::ssl::context>> load_tls(
    const std::string& certificate_file, const std::string& key_file);

/// The bytes of one connection, as they are or through TLS. An AsyncReadStream and an
/// AsyncWriteStream, so that the server is written once for both.
class HttpStream {
  public:
    using executor_type = boost::beast::tcp_stream::executor_type;

    /// @param tls  nothing: plain. It outlives the stream.
    HttpStream(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls);

    [[nodiscard]] bool is_encrypted() const { return std::holds_alternative<Tls>(stream_); }
    executor_type get_executor() { return tcp().get_executor(); }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        if (auto* const tls = std::get_if<Tls>(&stream_)) {
            return tls->async_read_some(buffers, std::forward<Token>(token));
        }
        return std::get<Plain>(stream_).async_read_some(buffers, std::forward<Token>(token));
    }
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        if (auto* const tls = std::get_if<Tls>(&stream_)) {
            return tls->async_write_some(buffers, std::forward<Token>(token));
        }
        return std::get<Plain>(stream_).async_write_some(buffers, std::forward<Token>(token));
    }

    // Of all that is done from now on.
    void expires_after(std::chrono::milliseconds time) { tcp().expires_after(time); }
    void expires_never() { tcp().expires_never(); }
    void cancel() { tcp().cancel(); }

    /// Whether bytes can be exchanged; at once when they are not encrypted.
    [[nodiscard]] boost::asio::awaitable<bool> open();
    /// Nothing more is sent.
    void end_sending();
    /// The end of the connection, which TLS tells its other side.
    [[nodiscard]] boost::asio::awaitable<void> close();

  private:
    using Plain = boost::beast::tcp_stream;
    using Tls = boost::asio::ssl::stream<Plain>;

    [[nodiscard]] Plain& tcp();

    std::variant<Plain, Tls> stream_;
};

}  // namespace assay
