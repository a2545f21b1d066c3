#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "core/base/clock.hpp"
#include "server/api/server_log.hpp"
#include "server/store/access_store.hpp"
#include "server/store/write_queue.hpp"

namespace assay {

/// Removes what is to be removed, in parts between which others write: all data of projects that
/// were deleted, and what is older than its project keeps. On the server's thread.
class Housekeeper {
  public:
    struct Parts {
        boost::asio::any_io_executor server_thread;
        AccessStore& access;
        boost::asio::any_io_executor access_thread;
        WriteQueue& writes;
        const Clock& clock;
        ServerLog& log;
    };
    explicit Housekeeper(Parts parts) : parts_(parts), timer_(parts.server_thread) {}

    /// Works at once, every night's length from then on, and when woken, until it is stopped.
    [[nodiscard]] boost::asio::awaitable<void> run();
    void wake();
    void stop();

    static constexpr std::chrono::hours k_interval{24};
    static constexpr std::size_t k_part = 200;  ///< traces that are removed in one transaction

  private:
    [[nodiscard]] boost::asio::awaitable<Result<void>> work();
    /// @return how many things were removed.
    [[nodiscard]] boost::asio::awaitable<Result<std::size_t>> clean(UpkeepOfProject project);

    Parts parts_;
    boost::asio::steady_timer timer_;
    bool is_woken_ = false;
    bool is_stopped_ = false;
};

}  // namespace assay
