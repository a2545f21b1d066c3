#include "runner/engine/journal_writer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <iterator>
#include <utility>

#include "core/base/limits.hpp"

namespace assay {

namespace asio = boost::asio;

/// A coroutine that waits for the commit of its unit.
class JournalWriter::Waiter {
  public:
    explicit Waiter(const asio::any_io_executor& executor)
        : ended_(executor, asio::steady_timer::time_point::max()) {}

    void end(Result<UnitResult> result) {
        result_ = std::move(result);
        ended_.cancel();
    }

    /// The writer holds on to this object, so nothing but the commit ends the wait.
    [[nodiscard]] Task<UnitResult> wait() {
        while (!result_) co_await ended_.async_wait(asio::as_tuple(asio::use_awaitable));
        co_return std::move(*result_);
    }

  private:
    asio::steady_timer ended_;
    std::optional<Result<UnitResult>> result_;
};

JournalWriter::JournalWriter(RunJournal& journal, asio::any_io_executor executor)
    : journal_(journal), executor_(std::move(executor)), thread_([this] { write_groups(); }) {}

JournalWriter::~JournalWriter() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    work_.notify_one();
    thread_.join();
}

Task<UnitResult> JournalWriter::append(RunId run, UnitResult unit) {
    if (failure_) co_return std::unexpected(*failure_);
    Waiter waiter(executor_);
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back({std::move(run), std::move(unit), &waiter});
    }
    wake_soon();
    co_return co_await waiter.wait();
}

/// After what is ready now: units that end together are one group then.
void JournalWriter::wake_soon() {
    if (std::exchange(wakes_soon_, true)) return;
    asio::post(executor_, [this] {
        wakes_soon_ = false;
        work_.notify_one();
    });
}

/// What has arrived of the run whose unit came first; with several runs their units mostly come in
/// turns, so a group is not ended by a unit of another run.
JournalWriter::Group JournalWriter::take_group() {
    std::unique_lock lock(mutex_);
    work_.wait(lock, [this] { return closed_ || !queue_.empty(); });
    Group group;
    if (queue_.empty()) return group;
    group.run = queue_.front().run;
    std::deque<Queued> others;
    while (!queue_.empty() && group.units.size() < limits::k_journal_group_units_max) {
        Queued& next = queue_.front();
        if (next.run == group.run) {
            group.units.push_back(std::move(next.unit));
            group.waiters.push_back(next.waiter);
        } else {
            others.push_back(std::move(next));
        }
        queue_.pop_front();
    }
    queue_.insert(queue_.begin(), std::make_move_iterator(others.begin()),
                  std::make_move_iterator(others.end()));
    return group;
}

void JournalWriter::write_groups() {
    Result<void> committed;
    while (true) {
        Group group = take_group();
        if (group.units.empty()) return;  // closed, and everything is written
        // After a failure nothing is tried again: what would succeed then cannot be known.
        if (committed) committed = journal_.commit(group.run, group.units, Durability::none);
        asio::post(executor_, [this, group = std::move(group), committed]() mutable {
            group_ended(std::move(group), committed);
        });
    }
}

void JournalWriter::group_ended(Group group, const Result<void>& committed) {
    if (!committed) failure_ = committed.error();
    for (std::size_t i = 0; i < group.units.size(); ++i) {
        if (committed) {
            group.waiters[i]->end(std::move(group.units[i]));
        } else {
            group.waiters[i]->end(std::unexpected(committed.error()));
        }
    }
}

}  // namespace assay
