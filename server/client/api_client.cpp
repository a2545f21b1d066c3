#include "server/client/api_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <set>

#include "core/base/base64.hpp"
#include "core/base/clock.hpp"
#include "core/base/task_group.hpp"
#include "core/base/text.hpp"
#include "core/base/version.hpp"
#include "server/client/api_answer.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr std::string_view k_api = "/api/public";
constexpr std::chrono::seconds k_answer_timeout{60};
constexpr int k_attempts = 5;
constexpr int k_attempts_unheard = 2;      // of a server that never answered, and may not be there
constexpr milliseconds k_first_wait{250};  // doubled each time
constexpr milliseconds k_told_wait{1000};  // a shorter one is not worth a line
constexpr milliseconds k_wait_max{60'000};
constexpr std::int64_t k_page_rows = 100;

/// Nothing: trying again is no use.
std::optional<milliseconds> wait_before_repeating(const Error& error, int attempt, int attempts) {
    if (!error.retryable || attempt >= attempts) return std::nullopt;
    const milliseconds wait = error.retry_after.value_or(k_first_wait * (1 << (attempt - 1)));
    return wait <= k_wait_max ? std::optional(wait) : std::nullopt;
}

using Answer = Result<OrderedJson>;

asio::awaitable<void> put_result(Task<OrderedJson> task, std::optional<Answer>& to) {
    to.emplace(co_await std::move(task));
}

Task<OrderedJson> then_nothing(Task<void> task) {
    ASSAY_CO_CHECK(co_await std::move(task));
    co_return OrderedJson();
}

asio::awaitable<void> run_beside_each_other(std::vector<Task<OrderedJson>> tasks,
                                            std::vector<std::optional<Answer>>& to) {
    TaskGroup group(co_await asio::this_coro::executor);
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        group.spawn(put_result(std::move(tasks[i]), to[i]));
    }
    while (co_await group.next()) {
    }
}

Result<std::optional<OrderedJson>> nothing_if_unknown(Answer answer) {
    if (answer) return std::optional(std::move(*answer));
    if (answer.error().code == ErrorCode::not_found) return std::nullopt;
    return std::unexpected(std::move(answer.error()));
}

}  // namespace

const OrderedJson& member_of(const OrderedJson& value, const char* name) {
    static const OrderedJson k_null;
    const auto found = value.is_object() ? value.find(name) : value.end();
    return found == value.end() ? k_null : *found;
}

std::string api_target(std::string path, const QueryFields& query) {
    char separator = '?';
    for (const auto& [name, value] : query) {
        path += fmt::format("{}{}={}", separator, name, percent_encode(value));
        separator = '&';
    }
    return path;
}

Result<std::unique_ptr<ApiClient>> ApiClient::make(ServerAccess access, Teller tell,
                                                   std::unique_ptr<HttpTransport> transport) {
    if (!transport) {
        ASSAY_TRY(transport, make_curl_transport({.ca_file = access.ca_file}));
    }
    return std::unique_ptr<ApiClient>(
        new ApiClient(std::move(access), std::move(tell), std::move(transport)));
}

ApiClient::ApiClient(ServerAccess access, Teller tell, std::unique_ptr<HttpTransport> transport)
    : access_(std::move(access)),
      place_(terminal_safe(printable_url(access_.url))),
      tell_(std::move(tell)),
      transport_(std::move(transport)) {}

HttpRequest ApiClient::request(std::string method, const std::string& target) const {
    const std::string pair = access_.public_key + ":" + access_.secret_key.reveal();
    HttpRequest request{.method = std::move(method),
                        .url = fmt::format("{}{}{}", access_.url, k_api, target),
                        .headers = {},
                        .body = {}};
    request.headers.push_back({"Authorization", Secret("Basic " + to_base64(pair))});
    request.headers.push_back({"Accept", Secret("application/json")});
    request.headers.push_back({"User-Agent", Secret(fmt::format("assay/{}", k_version))});
    return request;
}

Task<OrderedJson> ApiClient::ask(HttpRequest request) {
    const Deadline deadline{SystemClock().monotonic() + k_answer_timeout};
    const auto response = co_await transport_->send(std::move(request), deadline);
    if (response) {
        has_answered_ = true;
        co_return read_answer(*response, place_);
    }
    if (response.error().code != ErrorCode::deadline_exceeded) {
        co_return std::unexpected(response.error());
    }
    co_return failure(response.error().code,
                      fmt::format("{} gives no complete answer within {} s: is it overloaded, or "
                                  "the network too slow?",
                                  place_, k_answer_timeout.count()));
}

/// @error the same, when trying again is no use.
Task<void> ApiClient::wait_after(Error error, int attempt) {
    const auto wait =
        wait_before_repeating(error, attempt, has_answered_ ? k_attempts : k_attempts_unheard);
    if (!wait) co_return std::unexpected(std::move(error));
    if (*wait >= k_told_wait) {
        tell_(fmt::format("{}; trying again in {} s", error.message,
                          std::chrono::ceil<std::chrono::seconds>(*wait).count()));
    }
    asio::steady_timer timer(co_await asio::this_coro::executor, *wait);
    co_await timer.async_wait(asio::use_awaitable);
    co_return Result<void>();
}

Task<OrderedJson> ApiClient::ask_patiently(HttpRequest request) {
    for (int attempt = 1;; ++attempt) {
        auto answer = co_await ask(request);
        if (answer) co_return answer;
        ASSAY_CO_CHECK(co_await wait_after(std::move(answer.error()), attempt));
    }
}

std::vector<Result<OrderedJson>> ApiClient::run_all(std::vector<Task<OrderedJson>> tasks) {
    std::vector<std::optional<Answer>> answers(tasks.size());
    asio::co_spawn(loop_, run_beside_each_other(std::move(tasks), answers),
                   [](const std::exception_ptr& thrown) {
                       if (thrown) std::rethrow_exception(thrown);
                   });
    loop_.restart();
    loop_.run();
    std::vector<Answer> all;
    for (std::optional<Answer>& answer : answers) {
        ASSAY_ASSERT(answer.has_value(), "the loop runs until all answers are there");
        all.push_back(std::move(*answer));
    }
    return all;
}

Result<OrderedJson> ApiClient::run(Task<OrderedJson> task) {
    std::vector<Task<OrderedJson>> tasks;
    tasks.push_back(std::move(task));
    return std::move(run_all(std::move(tasks)).front());
}

Result<OrderedJson> ApiClient::get(const std::string& target) {
    auto answer = run(ask_patiently(request("GET", target)));
    if (answer || answer.error().code != ErrorCode::not_found) return answer;
    return failure(ErrorCode::unavailable,
                   fmt::format("{} does not know {}{}: it is no Langfuse-compatible server, an "
                               "older one, or the address lacks its base path",
                               place_, k_api, target.substr(0, target.find('?'))));
}

Result<std::optional<OrderedJson>> ApiClient::find(const std::string& target) {
    return nothing_if_unknown(run(ask_patiently(request("GET", target))));
}

std::vector<Result<std::optional<OrderedJson>>> ApiClient::find_each(
    const std::vector<std::string>& targets) {
    std::vector<Task<OrderedJson>> tasks;
    for (const std::string& target : targets) {
        tasks.push_back(ask_patiently(request("GET", target)));
    }
    std::vector<Result<std::optional<OrderedJson>>> found;
    for (Answer& answer : run_all(std::move(tasks))) {
        found.push_back(nothing_if_unknown(std::move(answer)));
    }
    return found;
}

Result<ApiPage> ApiClient::page(const std::string& path, QueryFields query, std::int64_t page,
                                std::int64_t limit) {
    query.emplace_back("page", std::to_string(page));
    query.emplace_back("limit", std::to_string(limit));
    ASSAY_TRY(OrderedJson answer, get(api_target(path, query)));
    const OrderedJson& data = member_of(answer, "data");
    const bool is_list = data.is_array() && std::ranges::all_of(data, [](const OrderedJson& row) {
                             return row.is_object();
                         });
    if (!is_list) {
        return failure(ErrorCode::unavailable,
                       fmt::format("{} answers {}{} without a list: it is no Langfuse-compatible "
                                   "server, or not one of this version",
                                   place_, k_api, path));
    }
    ApiPage read{.begin = (page - 1) * limit, .rows = {}, .total = {}};
    const OrderedJson& total = member_of(member_of(answer, "meta"), "totalItems");
    if (total.is_number_integer()) read.total = total.get<std::int64_t>();
    for (OrderedJson& row : answer["data"]) read.rows.push_back(std::move(row));
    return read;
}

Result<ApiPage> ApiClient::page_with(const std::string& path, const QueryFields& query,
                                     std::int64_t place, std::int64_t& rows) {
    while (true) {
        auto read = page(path, query, place / rows + 1, rows);
        if (read) return read;
        const bool is_too_large =
            read.error().code == ErrorCode::resource_exhausted && !read.error().retryable;
        if (!is_too_large || rows == 1) return read;
        rows /= 10;
    }
}

Result<std::vector<OrderedJson>> ApiClient::all(const std::string& path, const QueryFields& query,
                                                const char* key) {
    std::vector<OrderedJson> rows;
    std::set<std::string> seen;
    std::int64_t limit = k_page_rows;
    for (std::int64_t place = 0;;) {
        ASSAY_TRY(ApiPage read, page_with(path, query, place, limit));
        place = read.begin + std::ssize(read.rows);
        const bool is_last = read.total ? place >= *read.total : std::ssize(read.rows) < limit;
        const bool is_short = std::ssize(read.rows) < limit;
        for (OrderedJson& row : read.rows) {
            // What is added meanwhile moves rows to the next page: they come twice.
            if (seen.insert(to_text(member_of(row, key))).second) rows.push_back(std::move(row));
        }
        if (is_last) return rows;
        if (is_short) {
            return failure(ErrorCode::unavailable,
                           fmt::format("{} gives fewer rows of {}{} than `limit` says and than "
                                       "there are: it is no Langfuse-compatible server, or the "
                                       "list changes; try again",
                                       place_, k_api, path));
        }
    }
}

Result<OrderedJson> ApiClient::send(std::string method, const std::string& target,
                                    const OrderedJson& body, Repeat repeat) {
    HttpRequest sent = request(std::move(method), target);
    sent.headers.push_back({"Content-Type", Secret("application/json")});
    sent.body = to_text(body);
    return run(repeat == Repeat::never ? ask(std::move(sent)) : ask_patiently(std::move(sent)));
}

bool ApiClient::wait_to_repeat(const Error& error, int attempt) {
    return run(then_nothing(wait_after(error, attempt))).has_value();
}

}  // namespace assay
