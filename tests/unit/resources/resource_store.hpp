#pragma once

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "server/resources/dataset_items.hpp"
#include "server/resources/dataset_store.hpp"
#include "server/store/database.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay::test {

/// A clock that stands still unless it is told otherwise.
class ManualClock final : public Clock {
  public:
    [[nodiscard]] Time now() const override { return now_; }
    /// Goes on by `pace` each time it is asked.
    [[nodiscard]] MonotonicTime monotonic() const override { return monotonic_ += pace; }
    void advance(std::chrono::nanoseconds by) { now_ += by; }

    std::chrono::seconds pace{0};

  private:
    Time now_ = parse_rfc3339("2026-11-01T09:30:00Z").value();
    mutable MonotonicTime monotonic_{};
};

/// A store in a folder of its own, and one project of it.
class ResourceStore {
  public:
    ManualClock clock;

    /// Runs `job` in a transaction; one that fails leaves nothing.
    template <class Job>
    auto write(Job job) -> std::invoke_result_t<Job, Session&> {
        std::optional<std::invoke_result_t<Job, Session&>> answer;
        const Result<void> done = database_->transact([&]() -> Result<void> {
            answer = job(database_->writer());
            if (!*answer) return std::unexpected(answer->error());
            return {};
        });
        if (!done) return std::unexpected(done.error());
        return std::move(*answer);
    }
    [[nodiscard]] Session& session() { return database_->reader(); }
    [[nodiscard]] Database& database() { return *database_; }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
    [[nodiscard]] const ProjectId& project() const { return project_; }
    [[nodiscard]] std::int64_t row() { return session().find_project(project_).value(); }

    Result<DatasetRecord> put(const DatasetChange& change) {
        return write([&](Session& writer) { return put_dataset(writer, project_, change, clock); });
    }
    Result<DatasetItemRecord> put_item(const DatasetItemChange& change) {
        return write([&](Session& writer) {
            return put_dataset_item(writer, project_, change, clock.now());
        });
    }
    Result<bool> remove_item(const char* id) {
        return write([&](Session& writer) -> Result<bool> {
            ASSAY_TRY(const std::int64_t project, writer.find_project(project_));
            return remove_dataset_item(writer, project, DatasetItemId(id));
        });
    }

  private:
    TemporaryFolder folder_;
    std::unique_ptr<Database> database_ =
        Database::open(folder_.path(), Database::Missing::create).value();
    ProjectId project_{"project"};
};

}  // namespace assay::test
