#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "server/store/database.hpp"

namespace assay {

/// Sessions that only read, for as many threads as there are: each reads one moment of the
/// database at a time, whatever is written meanwhile.
class ReaderPool {
  public:
    /// @param database  gives the file; outlives this.
    explicit ReaderPool(Database& database) : database_(database) {}

    /// Runs `read(session)` in one snapshot on a session that nobody else uses meanwhile. One that
    /// takes longer than k_query_time is ended. @error deadline_exceeded then.
    template <class Read>
    [[nodiscard]] auto read(Read read) -> decltype(read(std::declval<Session&>())) {
        ASSAY_TRY(Lease lease, take());
        ASSAY_TRY(const Snapshot snapshot, Snapshot::begin(lease.session().connection()));
        return read(lease.session());
    }

    static constexpr std::chrono::seconds k_query_time{5};

  private:
    /// A session that is given back when this ends.
    class Lease {
      public:
        Lease(ReaderPool* pool, std::unique_ptr<Session> session)
            : pool_(pool), session_(std::move(session)) {}
        Lease(Lease&& other) noexcept = default;
        Lease& operator=(Lease&& other) noexcept = delete;
        ~Lease();
        [[nodiscard]] Session& session() { return *session_; }

      private:
        ReaderPool* pool_;
        std::unique_ptr<Session> session_;
    };
    [[nodiscard]] Result<Lease> take();

    Database& database_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Session>> free_;
};

}  // namespace assay
