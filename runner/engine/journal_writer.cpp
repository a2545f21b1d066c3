#include "runner/engine/journal_writer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core/base/limits.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;

/// Roughly what a value holds in memory: enough to bound a queue.
std::size_t approximate_bytes(const Json& value) {
    std::size_t bytes = sizeof(Json);
    if (value.is_string()) return bytes + value.get_ref<const std::string&>().size();
    if (value.is_structured()) {
        for (const auto& [key, member] : value.items()) {
            bytes += key.size() + approximate_bytes(member);
        }
    }
    return bytes;
}

std::size_t approximate_bytes(const UnitResult& unit) {
    std::size_t bytes = sizeof(UnitResult) + unit.log.size();
    bytes += approximate_bytes(unit.item.input) + approximate_bytes(unit.output);
    for (const Observation& observation : unit.observations) {
        bytes += approximate_bytes(observation.input) + approximate_bytes(observation.output);
    }
    return bytes;
}

}  // namespace

JournalWriter::JournalWriter(RunJournal& journal, asio::any_io_executor executor,
                             std::size_t units_max, OnCommitted on_committed)
    : journal_(journal),
      units_max_(units_max),
      executor_(std::move(executor)),
      on_committed_(std::move(on_committed)),
      changed_(executor_, asio::steady_timer::time_point::max()),
      thread_([this] { write_groups(); }) {}

JournalWriter::~JournalWriter() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    work_.notify_one();
    thread_.join();
}

bool JournalWriter::has_room() const {
    return uncommitted_ < units_max_ && queued_bytes_ < limits::k_journal_queue_bytes_max;
}

Task<void> JournalWriter::append(RunId run, UnitResult unit) {
    const std::size_t bytes = approximate_bytes(unit);
    while (true) {
        if (failure_) co_return std::unexpected(*failure_);
        {
            const std::lock_guard lock(mutex_);
            if (has_room()) {
                queue_.push_back({std::move(run), std::move(unit), bytes});
                queued_bytes_ += bytes;
                ++uncommitted_;
                break;
            }
        }
        co_await changed_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    work_.notify_one();
    co_return Result<void>{};
}

Task<void> JournalWriter::flush() {
    while (true) {
        if (failure_) co_return std::unexpected(*failure_);
        if (uncommitted_ == 0) co_return Result<void>{};
        co_await changed_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
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
            queued_bytes_ -= next.bytes;
            group.units.push_back(std::move(next.unit));
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
    while (true) {
        Group group = take_group();
        if (group.units.empty()) return;  // closed, and everything is written
        Result<void> committed = journal_.commit(group.run, group.units);
        const bool failed = !committed;
        asio::post(executor_, [this, group = std::move(group), committed = std::move(committed)] {
            group_ended(group, committed);
        });
        if (failed) return;
    }
}

/// What is told of a group is told in one go, so that who waits in flush() misses nothing of it.
void JournalWriter::group_ended(const Group& group, const Result<void>& committed) {
    changed_.cancel();
    if (!committed) {
        failure_ = committed.error();
        return;
    }
    uncommitted_ -= group.units.size();
    for (const UnitResult& unit : group.units) on_committed_(group.run, unit);
}

}  // namespace assay
