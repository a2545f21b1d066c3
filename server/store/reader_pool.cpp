#include "server/store/reader_pool.hpp"

namespace assay {

ReaderPool::Lease::~Lease() {
    if (!session_) return;
    session_->connection().limit_time({});
    const std::lock_guard lock(pool_->mutex_);
    pool_->free_.push_back(std::move(session_));
}

Result<ReaderPool::Lease> ReaderPool::take() {
    std::unique_ptr<Session> session;
    {
        const std::lock_guard lock(mutex_);
        if (!free_.empty()) {
            session = std::move(free_.back());
            free_.pop_back();
        }
    }
    if (!session) {
        ASSAY_TRY(session, database_.open_reader());
    }
    const MonotonicTime now = std::chrono::steady_clock::now();
    session->connection().limit_time({now + k_query_time});
    return Lease(this, std::move(session));
}

}  // namespace assay
