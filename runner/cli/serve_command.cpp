#include <fmt/format.h>
#include <malloc.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>

#include "core/base/file_lock.hpp"
#include "core/base/text.hpp"
#include "runner/cli/commands.hpp"
#include "runner/cli/serve_config.hpp"
#include "server/api/api.hpp"
#include "server/api/first_start.hpp"
#include "server/api/housekeeper.hpp"
#include "server/api/http_server.hpp"

namespace assay {

namespace asio = boost::asio;

namespace {

constexpr std::size_t k_workers = 4;

/// "localhost" is what people type; a name could mean several addresses, so others are refused.
std::string address_of(const std::string& host) { return host == "localhost" ? "127.0.0.1" : host; }

/// Whether other machines may reach an address; nothing when it is none.
std::optional<bool> is_reachable(const std::string& address) {
    boost::system::error_code error;
    const auto parsed = asio::ip::make_address(address, error);
    return error ? std::nullopt : std::optional(!parsed.is_loopback());
}

Result<HttpServerOptions> options_of(const ServeArguments& arguments) {
    HttpServerOptions options{.host = address_of(arguments.host),
                              .port = arguments.port,
                              .base_path = arguments.base_path,
                              .trusted_proxies = arguments.trusted_proxies,
                              .tls_certificate = arguments.tls_certificate,
                              .tls_key = arguments.tls_key};
    const auto reachable = is_reachable(options.host);
    if (!reachable) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("--host {}: an address is wanted, like 127.0.0.1, ::1 or "
                                   "0.0.0.0",
                                   arguments.host));
    }
    const bool is_encrypted = arguments.tls_by_proxy || !arguments.tls_certificate.empty();
    if (*reachable && !(arguments.is_public && is_encrypted)) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("other machines may reach {}; if that is meant add --public, "
                                   "and --tls-cert with --tls-key, or --tls-by-proxy when only a "
                                   "proxy with TLS reaches it",
                                   arguments.host));
    }
    if (!*reachable) options.hosts = {"localhost", "127.0.0.1", "[::1]"};
    for (const std::string& host : arguments.allow_hosts) {
        options.hosts.push_back(to_lower_ascii(host));
    }
    return options;
}

/// One server a store: what a second one remembers of it would grow old unnoticed.
Result<FileLock> lock_data(const std::string& data) {
    const std::filesystem::path file = std::filesystem::path(data) / "serve.lock";
    Result<FileLock> lock = FileLock::acquire(file);
    if (lock || lock.error().code != ErrorCode::already_exists) return lock;
    return failure(ErrorCode::unavailable,
                   fmt::format("another process{} serves {} already; stop it, or choose another "
                               "folder with --data",
                               FileLock::holder(file), data));
}

void print_welcome(const std::string& url, const std::string& data,
                   const std::optional<KeyPair>& made) {
    print_out(fmt::format("assay serves {} from {}\n", url, data));
    if (made) {
        print_out(
            fmt::format("\nThe first key pair. Its secret is shown only now:\n\n"
                        "LANGFUSE_PUBLIC_KEY={}\nLANGFUSE_SECRET_KEY={}\n"
                        "LANGFUSE_BASE_URL={}\nLANGFUSE_HOST={}\n\n",
                        made->public_key, made->secret_key.reveal(), url, url));
    }
    (void)std::fflush(stdout);  // whoever started it in a pipe waits for these lines
}

std::string url_of(const HttpServerOptions& options, std::uint16_t port) {
    const bool is_v6 = options.host.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}{}", options.tls_certificate.empty() ? "http" : "https",
                       is_v6 ? "[" : "", options.host, is_v6 ? "]" : "", port,
                       options.base_path == "/" ? "" : options.base_path);
}

struct Running {
    asio::io_context& io;
    Api& api;
    HttpServer& server;
    Housekeeper& housekeeper;
    ServerLog& log;
};

/// Serves until a signal comes and what was asked before it has been answered.
/// @return what ended it otherwise.
std::exception_ptr run_until_signal(const Running& running) {
    asio::signal_set signals(running.io, SIGTERM, SIGINT);
    signals.async_wait([&](boost::system::error_code error, int /*signal*/) {
        if (error) return;
        signals.clear();  // a second one ends the program at once
        running.log.info("draining");
        running.api.begin_drain();
        running.server.drain();
    });
    std::exception_ptr failed;
    asio::co_spawn(running.io, running.server.run(), [&](std::exception_ptr problem) {
        if (problem) failed = std::move(problem);
        signals.cancel();
        running.housekeeper.stop();
    });
    asio::co_spawn(running.io, running.housekeeper.run(), [&](std::exception_ptr problem) {
        if (problem) failed = std::move(problem);
    });
    running.io.run();
    return failed;
}

/// Gives large blocks back to the system when they are freed: by itself the allocator of glibc
/// keeps more of them the larger they get, up to 32 MB each.
void return_large_blocks() {
#ifdef __GLIBC__
    (void)::mallopt(M_MMAP_THRESHOLD, 256 << 10);  // a refusal costs memory only
#endif
}

Result<ExitCode> serve(const ServeArguments& arguments) {
    return_large_blocks();
    ASSAY_TRY(const HttpServerOptions options, options_of(arguments));
    const SystemClock clock;
    ServerLog log(arguments.log == "json" ? LogForm::json : LogForm::text);
    ASSAY_TRY(const auto access, AccessStore::open(arguments.data));
    ASSAY_TRY(const FileLock lock, lock_data(arguments.data));
    ASSAY_TRY(const ServerSecrets secrets,
              load_server_secrets(arguments.data, &process_environment));
    std::optional<Secret> admin_key;
    if (auto key = process_environment("ADMIN_API_KEY")) admin_key.emplace(std::move(*key));

    asio::io_context io;
    ASSAY_TRY(const auto database, Database::open(arguments.data, Database::Missing::create));
    ReaderPool readers(*database);
    WriteQueue writes(*database);
    asio::thread_pool access_thread(1);
    asio::thread_pool workers(k_workers);
    Api api({.access = *access,
             .secrets = secrets,
             .clock = clock,
             .log = log,
             .access_thread = access_thread.get_executor(),
             .workers = workers.get_executor(),
             .readers = readers,
             .writes = writes,
             .admin_key = std::move(admin_key),
             .base_path = options.base_path == "/" ? "" : options.base_path,
             .logs_requests = arguments.logs_requests});
    ASSAY_TRY(const auto server, HttpServer::listen(io, workers.get_executor(), options, api));
    // Only now: a first pair that was made where nothing can listen would never be told.
    ASSAY_TRY(const auto made, prepare_access({.access = *access,
                                               .secrets = secrets,
                                               .environment = &process_environment,
                                               .log = log,
                                               .now = clock.now()}));
    api.count_connections([&] { return server->connections(); });
    Housekeeper housekeeper({.server_thread = io.get_executor(),
                             .access = *access,
                             .access_thread = access_thread.get_executor(),
                             .writes = writes,
                             .clock = clock,
                             .log = log});
    api.notify_removal([&] { asio::post(io, [&] { housekeeper.wake(); }); });

    const std::string url = url_of(options, server->port());
    // Once signals are waited for: whoever reads these lines may send one.
    asio::post(io, [&] {
        log.info("listening", {{"url", url}, {"data", arguments.data}});
        print_welcome(url, arguments.data, made);
    });
    const std::exception_ptr failed = run_until_signal({io, api, *server, housekeeper, log});
    access_thread.join();
    workers.join();
    if (failed) std::rethrow_exception(failed);
    log.info("ended");
    return ExitCode::ok;
}

}  // namespace

ExitCode serve_command(const ServeArguments& given, const Console& /*console*/) {
    ServeArguments arguments = given;
    if (!arguments.config.empty()) {
        const Diagnostics mistakes = read_serve_config(arguments);
        if (!mistakes.empty()) return report_mistakes(mistakes);
    }
    return end_with(serve(arguments));
}

}  // namespace assay
