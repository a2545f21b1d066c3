#include "core/http/curl_transfer.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/base/version.hpp"

namespace assay {
namespace {

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

/// @param request  outlives the handle: its body is not copied.
void set_method(const HttpRequest& request, EasyOptions& options) {
    const std::string& method = request.method;
    if (method == "POST" || !request.body.empty()) {
        options.set(CURLOPT_POST, 1L);
        options.set(CURLOPT_POSTFIELDS, request.body.data());
        options.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    }
    if (method == "HEAD") options.set(CURLOPT_NOBODY, 1L);
    if (method != "POST") options.set(CURLOPT_CUSTOMREQUEST, method.c_str());
}

}  // namespace

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

Result<void> Transfer::prepare(CurlEasy easy) {
    if (options_.addresses == AddressPolicy::public_only && !endpoint_.zone.empty()) {
        refused_ = "a link-local";
        return std::unexpected(not_allowed());
    }
    easy_ = std::move(easy);
    ASSAY_CHECK(add_headers());
    const std::chrono::milliseconds connect_timeout = limits::k_connect_timeout;

    EasyOptions options(easy_.get());
    options.set(CURLOPT_PRIVATE, this);
    options.set(CURLOPT_URL, request_.url.c_str());
    set_method(request_, options);
    options.set(CURLOPT_HTTPHEADER, headers_.get());
    options.set(CURLOPT_USERAGENT, "assay/" ASSAY_VERSION);
    options.set(CURLOPT_ACCEPT_ENCODING, "");  // every coding that libcurl can undo
    options.set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    options.set(CURLOPT_HEADERDATA, this);
    options.set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    options.set(CURLOPT_WRITEDATA, this);
    options.set(CURLOPT_ERRORBUFFER, detail_.data());
    options.set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_open_socket);
    options.set(CURLOPT_OPENSOCKETDATA, this);
    options.set(CURLOPT_CLOSESOCKETFUNCTION, &Transfer::on_close_socket);
    // A connection may outlive the transfer that opened it.
    options.set(CURLOPT_CLOSESOCKETDATA, static_cast<void*>(nullptr));
    options.set(CURLOPT_PREREQFUNCTION, &Transfer::on_request);
    options.set(CURLOPT_PREREQDATA, this);

    // Said explicitly even where it is the default: our safety does not hang on a build's options.
    options.set(CURLOPT_PROTOCOLS_STR, "http,https");
    options.set(CURLOPT_FOLLOWLOCATION, 0L);
    // A proxy would look up the name itself, behind the guard's back.
    if (options_.addresses != AddressPolicy::any) {
        options.set(CURLOPT_PROXY, "");
    } else if (!options_.proxy.empty()) {
        options.set(CURLOPT_PROXY, options_.proxy.c_str());
        options.set(CURLOPT_NOPROXY, "");
    }
    if (!options_.ca_file.empty()) {
        for (const CURLoption file : {CURLOPT_CAINFO, CURLOPT_PROXY_CAINFO}) {
            options.set(file, options_.ca_file.c_str());
        }
        for (const CURLoption folder : {CURLOPT_CAPATH, CURLOPT_PROXY_CAPATH}) {
            options.set(folder, static_cast<const char*>(nullptr));
        }
    }
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

void Transfer::end(CURLcode code) {
    // A connection closed within the headers is a whole answer to libcurl, with an empty body.
    if (code == CURLE_OK && !has_head_) code = CURLE_PARTIAL_FILE;
    // on_request() refused to send it again: nothing had come when the connection ended.
    if (code == CURLE_ABORTED_BY_CALLBACK) code = CURLE_GOT_NOTHING;
    code_ = code;
    finished_.notify();
}

/// A server that sends more than it announced leaves bytes behind, and libcurl would read them as
/// the beginning of the next answer: the answer to another question. Such a connection is not used
/// again. Over TLS the bytes cannot be told from TLS's own.
void Transfer::leave_connection_with_more() {
    curl_off_t announced = -1;
    curl_off_t received = 0;
    (void)curl_easy_getinfo(easy_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    (void)curl_easy_getinfo(easy_.get(), CURLINFO_SIZE_DOWNLOAD_T, &received);
    if (received != announced || socket_ == CURL_SOCKET_BAD) return;
    char more = 0;
    if (!request_.url.starts_with("http:") ||
        ::recv(socket_, &more, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) {
        return;
    }
    (void)curl_easy_setopt(easy_.get(), CURLOPT_FORBID_REUSE, 1L);  // a flag: cannot fail
}

Task<HttpResponse> Transfer::finish(Deadline deadline) {
    const MonotonicTime started = std::chrono::steady_clock::now();
    Wakeup::Cause cause = Wakeup::Cause::notified;
    while (!code_ && cause == Wakeup::Cause::notified) cause = co_await finished_.wait(deadline);

    if (code_ == CURLE_OK) {
        read_status();
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

Error Transfer::not_allowed() const {
    return Error{ErrorCode::permission_denied,
                 fmt::format("requests to {} are not allowed: it leads to {} address, and only "
                             "public ones may be called from here",
                             endpoint_.text(), refused_)};
}

Error Transfer::failed() const {
    if (stopped_) return *stopped_;
    if (too_large_) {
        return Error{ErrorCode::resource_exhausted,
                     fmt::format("the answer of {} is larger than {} MB", endpoint_.text(),
                                 limits::k_provider_reply_bytes_max >> 20U)};
    }
    if (*code_ == CURLE_COULDNT_CONNECT && !refused_.empty()) return not_allowed();
    long os_error = 0;
    (void)curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &os_error);  // stays 0 when unknown
    return transfer_error({*code_, os_error, detail_.data(), !options_.proxy.empty()}, endpoint_);
}

/// Counts header and (unpacked) body bytes against the limit.
bool Transfer::take(std::size_t bytes) {
    received_bytes_ += bytes;
    too_large_ = received_bytes_ > limits::k_provider_reply_bytes_max;
    return !too_large_;
}

void Transfer::read_status() {
    long status = 0;
    (void)curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);  // cannot fail
    response_.status = static_cast<int>(status);
}

/// Called for every new connection with the address that the host was resolved to.
curl_socket_t Transfer::on_open_socket(void* self, curlsocktype /*purpose*/,
                                       curl_sockaddr* address) {
    Transfer& transfer = *static_cast<Transfer*>(self);
    if (transfer.options_.addresses == AddressPolicy::public_only) {
        const std::string_view kind = non_public_kind(&address->addr, address->addrlen);
        if (!kind.empty()) {
            transfer.refused_ = kind;
            return CURL_SOCKET_BAD;
        }
    }
    // Programs that we start must not inherit a connection.
    const int type = address->socktype | SOCK_CLOEXEC;
    const auto& open_socket = transfer.options_.open_socket;
    return open_socket ? open_socket(address->family, type, address->protocol)
                       : ::socket(address->family, type, address->protocol);
}

int Transfer::on_close_socket(void* /*nothing*/, curl_socket_t socket) { return ::close(socket); }

/// Called before the request leaves. When a connection that was used before ends without an answer,
/// libcurl would send the request again on its own, up to five times. It may have been carried out
/// and cost something each time: whether to try again is not decided here.
int Transfer::on_request(void* self, char* /*to*/, char* /*from*/, int /*to_port*/,
                         int /*from_port*/) {
    const bool is_again = std::exchange(static_cast<Transfer*>(self)->is_sent_, true);
    return is_again ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
    Transfer& transfer = *static_cast<Transfer*>(self);
    const std::string_view line(data, size * count);
    if (!transfer.take(line.size())) return 0;
    if (line.starts_with("HTTP/")) {  // again after a 1xx
        transfer.response_.headers.clear();
        transfer.has_head_ = false;
    }
    if (trim(line).empty()) transfer.has_head_ = true;
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
    transfer.leave_connection_with_more();
    transfer.response_.body.append(data, size * count);
    if (!transfer.request_.on_body) return size * count;
    transfer.read_status();
    auto taken = transfer.request_.on_body(transfer.response_);
    if (taken) return size * count;
    transfer.stopped_ = std::move(taken.error());
    return 0;
}

}  // namespace assay
