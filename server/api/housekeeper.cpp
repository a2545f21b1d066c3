#include "server/api/housekeeper.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core/base/task.hpp"
#include "server/api/async_write.hpp"
#include "server/api/on_executor.hpp"
#include "server/tracing/removal.hpp"

namespace assay {

namespace asio = boost::asio;

asio::awaitable<void> Housekeeper::run() {
    while (!is_stopped_) {
        is_woken_ = false;
        const Result<void> done = co_await work();
        if (!done) parts_.log.warning("removing failed", {{"error", done.error().message}});
        if (is_stopped_) co_return;
        if (is_woken_) continue;
        timer_.expires_after(k_interval);
        boost::system::error_code woken;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
}

void Housekeeper::wake() {
    is_woken_ = true;
    (void)timer_.cancel();  // how many waited does not matter
}

void Housekeeper::stop() {
    is_stopped_ = true;
    (void)timer_.cancel();
}

asio::awaitable<Result<void>> Housekeeper::work() {
    ASSAY_CO_TRY(const auto projects,
                 co_await on(parts_.access_thread, [&] { return parts_.access.upkeep(); }));
    std::size_t removed = 0;
    for (const UpkeepOfProject& project : projects) {
        ASSAY_CO_TRY(const std::size_t count, co_await clean(project));
        if (count == 0) continue;
        removed += count;
        parts_.log.info("removed", {{"project", project.id.value()}, {"things", count}});
    }
    if (removed == 0) co_return Result<void>();
    co_return co_await async_write(
        parts_.writes, [](Session& writer) { return forget_unused_symbols(writer); }, 0);
}

asio::awaitable<Result<std::size_t>> Housekeeper::clean(UpkeepOfProject project) {
    const Time before = parts_.clock.now() - std::chrono::days(project.retention_days);
    std::size_t removed = 0;
    std::size_t count = 0;
    do {
        const auto remove = [&](Session& writer) -> Result<void> {
            if (project.is_removed) {
                ASSAY_TRY(count, remove_project_data(writer, project.id, k_part));
            } else {
                ASSAY_TRY(count, remove_older(writer, project.id, before, k_part));
            }
            return {};
        };
        const Result<void> written = co_await async_write(parts_.writes, remove, 0);
        if (!written) co_return std::unexpected(written.error());
        removed += count;
    } while (count == k_part && !is_stopped_);
    co_return removed;
}

}  // namespace assay
