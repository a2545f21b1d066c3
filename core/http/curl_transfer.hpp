#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "core/base/wakeup.hpp"
#include "core/http/curl_error.hpp"
#include "core/http/curl_handle.hpp"
#include "core/http/http_client.hpp"

namespace assay {

/// Refuses what could smuggle a second header or request into the connection.
/// @error invalid_argument.
[[nodiscard]] Result<void> check_request(const HttpRequest& request);

/// One request on its way. Lives in the frame of the coroutine that waits for it.
class Transfer {
  public:
    /// @param options  outlives the transfer.
    Transfer(HttpRequest request, Endpoint endpoint, const HttpTransportOptions& options,
             const boost::asio::any_io_executor& executor)
        : request_(std::move(request)),
          endpoint_(std::move(endpoint)),
          options_(options),
          finished_(executor) {}
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    /// @param easy  without options.
    /// @error internal or resource_exhausted when libcurl cannot take the request;
    ///        permission_denied when the address policy refuses it as it is written.
    Result<void> prepare(CurlEasy easy);
    /// Sleeps until the transfer is over. @error as HttpTransport::send.
    Task<HttpResponse> finish(Deadline deadline);
    void end(CURLcode code);
    /// The socket that the answer comes from.
    void waits_on(curl_socket_t socket) { socket_ = socket; }
    [[nodiscard]] CURL* easy() const { return easy_.get(); }
    /// Gives the handle back; it still points here.
    [[nodiscard]] CurlEasy release_easy() { return std::move(easy_); }

  private:
    Result<void> add_headers();
    bool take(std::size_t bytes);
    void read_status();
    void leave_connection_with_more();
    [[nodiscard]] Error failed() const;
    [[nodiscard]] Error not_allowed() const;

    static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
    static int on_close_socket(void* nothing, curl_socket_t socket);
    static int on_request(void* self, char* to, char* from, int to_port, int from_port);
    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);

    HttpRequest request_;
    Endpoint endpoint_;
    const HttpTransportOptions& options_;
    Wakeup finished_;
    CurlList headers_;
    CurlEasy easy_;
    std::array<char, CURL_ERROR_SIZE> detail_{};
    std::optional<CURLcode> code_;  ///< nothing while it runs
    HttpResponse response_;
    curl_socket_t socket_ = CURL_SOCKET_BAD;
    bool is_sent_ = false;   ///< it began to leave
    bool has_head_ = false;  ///< the line that ends the headers has come
    std::size_t received_bytes_ = 0;
    bool too_large_ = false;
    std::optional<Error> stopped_;  ///< by the reader of the body
    std::string_view refused_;      ///< the kind of address that the policy refused, "" = none
};

}  // namespace assay
