#include "server/store/upkeep.hpp"

#include <algorithm>

#include "core/base/limits.hpp"
#include "server/store/database.hpp"

namespace assay {
namespace {

constexpr std::chrono::milliseconds k_log_cut_pause{250};  // others use the log; tried again then

// Before it has read anything a connection has no log to put on the disk.
constexpr const char* k_configure = "PRAGMA synchronous = FULL; PRAGMA user_version";

}  // namespace

Upkeep::~Upkeep() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void Upkeep::start() {
    if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
}

void Upkeep::committed(int log_pages) {
    const std::lock_guard lock(mutex_);
    const bool was_due = checkpoint_due_ || flush_at_;
    const MonotonicTime now = std::chrono::steady_clock::now();
    look_at_log(log_pages, now);
    if (!flush_at_) flush_at_ = now + limits::k_journal_sync_interval;
    start();
    if (checkpoint_due_ || !was_due) wake_.notify_one();
}

void Upkeep::synced(int log_pages) {
    const std::lock_guard lock(mutex_);
    if (checkpoint_due_) return;
    look_at_log(log_pages, std::chrono::steady_clock::now());
    if (!checkpoint_due_) return;
    start();
    wake_.notify_one();
}

void Upkeep::look_at_log(int log_pages, MonotonicTime now) {
    checkpoint_due_ = checkpoint_due_ || pace_.is_due(log_pages, now);
}

void Upkeep::train() {
    const std::lock_guard lock(mutex_);
    training_due_ = true;
    start();
    wake_.notify_one();
}

void Upkeep::cut_log() {
    const std::lock_guard lock(mutex_);
    cut_at_ = std::chrono::steady_clock::now();
    start();
    wake_.notify_one();
}

Result<void> Upkeep::health() {
    const std::lock_guard lock(mutex_);
    if (failure_) return std::unexpected(*failure_);
    return {};
}

void Upkeep::give_up(Error why) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(why);
}

void Upkeep::work() {
    auto connection = Connection::open(file_, Connection::Mode::write);
    if (!connection) return give_up(std::move(connection.error()));
    auto ready = (*connection)->execute_script(k_configure);
    if (!ready) return give_up(std::move(ready.error()));
    Session session(std::move(*connection));
    work_until_closed(session);
}

void Upkeep::work_until_closed(Session& session) {
    Connection& connection = session.connection();
    std::unique_lock lock(mutex_);
    const auto unlocked = [&](auto job) {
        lock.unlock();
        note(connection, job());
        lock.lock();
    };
    while (!closed_ || cut_at_) {
        const MonotonicTime now = std::chrono::steady_clock::now();
        if (checkpoint_due_) {
            flush_at_.reset();  // what is committed from here on is not part of it
            unlocked([&] { return checkpoint(connection); });
        } else if (flush_at_ && *flush_at_ <= now) {
            flush_at_.reset();
            unlocked([&] { return connection.sync(Connection::File::log); });
        } else if (training_due_) {
            training_due_ = false;
            unlocked([&] { return session.train(writing_); });
        } else if (cut_at_ && (closed_ || *cut_at_ <= now)) {
            cut_at_.reset();
            unlocked([&] { return cut_log(connection); });
        } else if (flush_at_ || cut_at_) {
            // The loop looks what time it is.
            (void)wake_.wait_until(lock, std::min(flush_at_.value_or(MonotonicTime::max()),
                                                  cut_at_.value_or(MonotonicTime::max())));
        } else {
            wake_.wait(lock);
        }
    }
}

/// Copies most of the log while others go on writing, and the rest, which is short then, while
/// they wait: only a log that is copied whole begins again.
Result<void> Upkeep::checkpoint(Connection& connection) {
    ASSAY_CHECK(connection.checkpoint());
    ASSAY_CHECK(connection.sync(Connection::File::database));
    // What was written meanwhile, so that what is left then is next to nothing.
    ASSAY_CHECK(connection.checkpoint());
    const std::lock_guard undisturbed(writing_);
    const MonotonicTime began = std::chrono::steady_clock::now();
    const Result<void> done = connection.checkpoint();
    const MonotonicTime ended = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    checkpoint_due_ = false;
    pace_.writers_waited(began, ended);
    return done;
}

Result<void> Upkeep::cut_log(Connection& connection) {
    const std::lock_guard undisturbed(writing_);
    ASSAY_TRY(const bool is_cut, connection.cut_log());
    const std::lock_guard lock(mutex_);
    if (!is_cut && !closed_) cut_at_ = std::chrono::steady_clock::now() + k_log_cut_pause;
    return {};
}

/// A log that could not be copied only grows, and the next commit meets a full disk itself.
void Upkeep::note(const Connection& connection, const Result<void>& done) {
    if (done) return;
    if (connection.has_failed_to_sync()) give_up(failed_to_sync(file_));
    const std::lock_guard lock(mutex_);
    checkpoint_due_ = false;
}

}  // namespace assay
