#include "server/store/write_queue.hpp"

#include <algorithm>
#include <exception>
#include <iterator>

namespace assay {
namespace {

/// A part of a transaction that is undone by itself.
template <class Write>
Result<void> in_savepoint(Session& writer, Write& write) {
    Connection& connection = writer.connection();
    ASSAY_CHECK(connection.run("SAVEPOINT job"));
    Result<void> done = write(writer);
    if (done) return connection.run("RELEASE job");
    writer.forget();
    // A full disk has rolled back the whole transaction by itself.
    if (!connection.in_transaction()) return done;
    ASSAY_CHECK(connection.run("ROLLBACK TO job"));
    ASSAY_CHECK(connection.run("RELEASE job"));
    return done;
}

Result<void> guarded(WriteQueue::Job& job, Session& writer) {
    try {
        return job(writer);
    } catch (const std::exception& error) {
        return failure(ErrorCode::internal, error.what());
    }
}

}  // namespace

WriteQueue::WriteQueue(Database& database) : database_(database), thread_([this] { work(); }) {}

WriteQueue::~WriteQueue() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

bool WriteQueue::submit(Job job, Done done, std::size_t bytes) {
    {
        const std::lock_guard lock(mutex_);
        if (closed_ || (!waiting_.empty() && waiting_bytes_ + bytes > k_waiting_bytes_max)) {
            return false;
        }
        waiting_bytes_ += bytes;
        waiting_.push_back({std::move(job), std::move(done), bytes});
    }
    wake_.notify_one();
    return true;
}

std::vector<WriteQueue::Entry> WriteQueue::take() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
    const std::size_t count = std::min(waiting_.size(), k_group_jobs_max);
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
    std::vector<Entry> group(std::make_move_iterator(waiting_.begin()),
                             std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    for (const Entry& entry : group) waiting_bytes_ -= entry.bytes;
    return group;
}

void WriteQueue::work() {
    while (true) {
        std::vector<Entry> group = take();
        if (group.empty()) return;
        write(group);
        for (Entry& entry : group) entry.done(std::move(entry.outcome));
    }
}

void WriteQueue::write(std::vector<Entry>& group) {
    const Result<void> committed = database_.transact([&]() -> Result<void> {
        Session& writer = database_.writer();
        for (Entry& entry : group) {
            const auto job = [&](Session& session) { return guarded(entry.job, session); };
            entry.outcome = in_savepoint(writer, job);
            if (!writer.connection().in_transaction()) {
                return std::unexpected(entry.outcome.error());
            }
        }
        return {};
    });
    if (committed) {
        // What was written is there whatever becomes of the dictionary and of the log.
        (void)database_.train_when_due(Durability::none);
        if (database_.writer().take_request_to_settle()) (void)database_.settle();
        return;
    }
    for (Entry& entry : group) {
        if (entry.outcome) entry.outcome = std::unexpected(committed.error());
    }
}

}  // namespace assay
