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
                             std::function<void(const UnitResult&)> on_committed)
    : journal_(journal),
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
    return queue_.size() < limits::k_journal_queue_units_max &&
           queued_bytes_ < limits::k_journal_queue_bytes_max;
}

Task<void> JournalWriter::append(UnitResult unit) {
    const std::size_t bytes = approximate_bytes(unit);
    while (true) {
        {
            const std::lock_guard lock(mutex_);
            if (failure_) co_return std::unexpected(*failure_);
            if (has_room()) {
                queue_.push_back({std::move(unit), bytes});
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
        {
            const std::lock_guard lock(mutex_);
            if (failure_) co_return std::unexpected(*failure_);
            if (uncommitted_ == 0) co_return Result<void>{};
        }
        co_await changed_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

std::vector<JournalWriter::Queued> JournalWriter::take_group() {
    std::unique_lock lock(mutex_);
    work_.wait(lock, [this] { return closed_ || !queue_.empty(); });
    std::vector<Queued> group;
    while (!queue_.empty() && group.size() < limits::k_journal_group_units_max) {
        queued_bytes_ -= queue_.front().bytes;
        group.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    return group;
}

void JournalWriter::write_groups() {
    while (true) {
        std::vector<Queued> group = take_group();
        if (group.empty()) return;  // closed, and everything is written
        std::vector<UnitResult> units;
        units.reserve(group.size());
        for (Queued& queued : group) units.push_back(std::move(queued.unit));
        Result<void> committed = journal_.commit(units);
        const bool failed = !committed;
        {
            const std::lock_guard lock(mutex_);
            uncommitted_ -= units.size();
            if (failed) {
                failure_ = std::move(committed.error());
                queue_.clear();
                uncommitted_ = 0;
            }
        }
        asio::post(executor_, [this, failed, units = std::move(units)] {
            changed_.cancel();
            if (failed) return;
            for (const UnitResult& unit : units) on_committed_(unit);
        });
        if (failed) return;
    }
}

}  // namespace assay
