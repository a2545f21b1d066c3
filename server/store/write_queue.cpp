#include "server/store/write_queue.hpp"

#include <exception>

namespace assay {
namespace {

/// A part of a transaction that is undone by itself when it fails.
/// @return what came of it. @error when it could not be undone: the transaction must not be kept.
template <class Write>
Result<Result<void>> in_savepoint(Session& writer, Write& write) {
    Connection& connection = writer.connection();
    ASSAY_CHECK(connection.run("SAVEPOINT job"));
    Result<void> done = write(writer);
    if (!done) {
        writer.forget();
        // A full disk has rolled back the whole transaction by itself.
        if (!connection.in_transaction()) return std::unexpected(std::move(done.error()));
        ASSAY_CHECK(connection.run("ROLLBACK TO job"));
    }
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
        const bool is_first = small_.empty() && large_.empty();
        if (closed_ || (!is_first && waiting_bytes_ + bytes > k_waiting_bytes_max)) return false;
        waiting_bytes_ += bytes;
        Entry entry{.job = std::move(job), .done = std::move(done), .bytes = bytes};
        (entry.is_small() ? small_ : large_).push_back(std::move(entry));
    }
    wake_.notify_one();
    return true;
}

void WriteQueue::work() {
    while (wait_for_jobs()) {
        Group group;
        write(group);
        for (Entry& entry : group.entries) entry.done(std::move(entry.outcome));
    }
}

/// @return false when there is nothing more to write, ever.
bool WriteQueue::wait_for_jobs() {
    std::unique_lock lock(mutex_);
    const auto has_jobs = [this] { return !small_.empty() || !large_.empty(); };
    wake_.wait(lock, [&] { return closed_ || has_jobs(); });
    return has_jobs();
}

/// What a transaction goes on with; nothing: it is to be committed.
std::deque<WriteQueue::Entry>* WriteQueue::choose(const Group& group) {
    if (group.entries.size() >= k_group_jobs_max || group.bytes >= k_group_bytes) return nullptr;
    const bool may_take_large = !large_.empty() && !group.has_small;
    if (may_take_large && is_turn_of_large_ && !group.has_large) return &large_;
    if (group.small_ones > 0) return &small_;
    return may_take_large ? &large_ : nullptr;
}

bool WriteQueue::take_next(Group& group) {
    const std::lock_guard lock(mutex_);
    // Those that come while small ones are written are the next transaction's: their senders and
    // the disk are busy at the same time then.
    if (group.entries.empty() || !group.entries.back().is_small()) {
        group.small_ones = small_.size();
    }
    std::deque<Entry>* const from = choose(group);
    if (from == nullptr) {
        is_turn_of_large_ = !group.has_large;
        return false;
    }
    group.entries.push_back(std::move(from->front()));
    from->pop_front();
    const Entry& taken = group.entries.back();
    waiting_bytes_ -= taken.bytes;
    group.bytes += taken.bytes;
    (taken.is_small() ? group.has_small : group.has_large) = true;
    if (taken.is_small()) --group.small_ones;
    return true;
}

void WriteQueue::write(Group& group) {
    const Result<void> committed = database_.transact([&]() -> Result<void> {
        Session& writer = database_.writer();
        while (take_next(group)) {
            Entry& entry = group.entries.back();
            const auto job = [&](Session& session) { return guarded(entry.job, session); };
            ASSAY_TRY(entry.outcome, in_savepoint(writer, job));
        }
        return {};
    });
    if (committed) {
        // What was written is there whatever becomes of the dictionary and of the log.
        (void)database_.train_when_due(Durability::none);
        if (database_.writer().take_request_to_settle()) (void)database_.empty_log();
        return;
    }
    // When it could not even begin, what it would have written has failed.
    if (group.entries.empty()) {
        while (take_next(group)) {
        }
    }
    for (Entry& entry : group.entries) {
        if (entry.outcome) entry.outcome = std::unexpected(committed.error());
    }
}

}  // namespace assay
