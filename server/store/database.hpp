#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <typeindex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/files.hpp"
#include "core/model/ids.hpp"
#include "server/store/payload.hpp"
#include "server/store/sqlite_handle.hpp"
#include "server/store/upkeep.hpp"

namespace assay {

/// A connection with what both halves of the store share on it: symbols, projects and the codec.
class Session {
  public:
    explicit Session(std::unique_ptr<Connection> connection)
        : connection_(std::move(connection)), codec_(*connection_) {}

    [[nodiscard]] Connection& connection() { return *connection_; }
    [[nodiscard]] PayloadCodec& codec() { return codec_; }

    /// The row of a low-cardinality string, added when it is new. Needs a transaction.
    [[nodiscard]] Result<std::int64_t> symbol(std::string_view text);
    [[nodiscard]] Result<std::string> symbol_text(std::int64_t symbol);
    /// The row of a project, or -1, which no row has.
    [[nodiscard]] Result<std::int64_t> find_project(const ProjectId& project);
    /// The same, added when it is new. Needs a transaction.
    [[nodiscard]] Result<std::int64_t> ensure_project(const ProjectId& project);
    /// Trains the dictionary and stores it, unless there is one then. An error only costs space.
    /// @param writing  held while it is stored.
    [[nodiscard]] Result<void> train(std::mutex& writing);
    /// What is being removed must leave the log too, once this transaction has ended.
    void ask_to_settle() { is_settling_asked_ = true; }
    [[nodiscard]] bool take_request_to_settle() { return std::exchange(is_settling_asked_, false); }
    /// Forgets the rows it knows: a transaction that may have made them was rolled back.
    void forget();
    /// The one T that a part above the store keeps with this session, made of `arguments` when it
    /// is first asked for. It lives until the session ends, across transactions and forget(): each
    /// of them can show another state of the database, an earlier one too. What is kept of rows
    /// must therefore say which state it is from, and be compared with that at each use.
    template <class T, class... Arguments>
    [[nodiscard]] T& kept(Arguments&&... arguments) {
        std::unique_ptr<Kept>& slot = kept_[typeid(T)];
        if (!slot) slot = std::make_unique<KeptOf<T>>(std::forward<Arguments>(arguments)...);
        return static_cast<KeptOf<T>&>(*slot).value;
    }

  private:
    struct Kept {
        virtual ~Kept() = default;
    };
    template <class T>
    struct KeptOf : Kept {
        template <class... Arguments>
        explicit KeptOf(Arguments&&... arguments) : value(std::forward<Arguments>(arguments)...) {}
        T value;
    };

    [[nodiscard]] Result<std::vector<std::string>> training_samples();

    std::unique_ptr<Connection> connection_;
    PayloadCodec codec_;
    std::unordered_map<std::string, std::int64_t> symbols_;
    std::unordered_map<std::int64_t, std::string> texts_;
    ProjectId project_;
    std::int64_t project_row_ = -1;
    bool is_settling_asked_ = false;
    std::unordered_map<std::type_index, std::unique_ptr<Kept>> kept_;  // ends before the connection
};

/// The database of one folder: one session that writes and one that only reads.
class Database {
  public:
    enum class Missing : std::uint8_t { create, refuse };
    /// @error as Store::open and Store::open_existing.
    static Result<std::unique_ptr<Database>> open(const std::filesystem::path& folder,
                                                  Missing missing);
    /// Opens a file that pack() made, to read it. Nothing is written, not even beside it.
    /// @error as open(); data_loss when an older version wrote it.
    static Result<std::unique_ptr<Database>> open_file(const std::filesystem::path& file);
    /// Makes one file of the store in `folder`, which nobody may have open: its database, moved
    /// to `file`. @error as open(), with the path.
    [[nodiscard]] static Result<void> pack(const std::filesystem::path& folder,
                                           const std::filesystem::path& file);

    /// Another session that only reads, for another thread.
    [[nodiscard]] Result<std::unique_ptr<Session>> open_reader() const;

    [[nodiscard]] Session& writer() { return *writer_; }
    [[nodiscard]] Session& reader() { return *reader_; }

    /// Runs `write` in one transaction: all of it or nothing.
    /// @param durability  `none`: it does not wait for the disk. A power loss may undo it, for
    ///                    limits::k_journal_sync_interval at most; the end of this process does
    ///                    not.
    template <class Write>
    [[nodiscard]] Result<void> transact(Write write, Durability durability = Durability::synced) {
        const std::lock_guard writing(writing_);
        ASSAY_CHECK(upkeep_.health());
        ASSAY_CHECK(set_durability(durability));
        Result<void> done = write_all(write);
        const int log_pages = writer_->connection().log_pages();
        if (!done) {
            writer_->forget();
        } else if (durability == Durability::none) {
            upkeep_.committed(log_pages);
        } else {
            upkeep_.synced(log_pages);
        }
        return done;
    }

    /// Copies the log into the database and gives its space back, for a while in which nothing is
    /// written. An error changes nothing: closing the store does the same.
    [[nodiscard]] Result<void> settle();
    /// Leaves nothing in the log of what was removed: now or, while others read, soon after.
    [[nodiscard]] Result<void> empty_log();

    /// Trains the dictionary once enough documents are there to learn from. An error leaves the
    /// store as it was and is not tried again by this object: it only costs space.
    /// @param durability  `none`: nobody waits for it.
    [[nodiscard]] Result<void> train_when_due(Durability durability);

  private:
    Database(std::unique_ptr<Session> writer, std::unique_ptr<Session> reader)
        : writer_(std::move(writer)),
          reader_(std::move(reader)),
          upkeep_(writer_->connection().path(), writing_) {}

    template <class Write>
    [[nodiscard]] Result<void> write_all(Write& write) {
        ASSAY_TRY(Transaction transaction, Transaction::begin(writer_->connection()));
        ASSAY_CHECK(writer_->codec().use_newest_dictionary());
        ASSAY_CHECK(write());
        return transaction.commit();
    }

    [[nodiscard]] Result<void> set_durability(Durability durability);

    std::unique_ptr<Session> writer_;
    std::unique_ptr<Session> reader_;
    Durability durability_ = Durability::synced;  ///< that the writer is set to
    bool training_tried_ = false;
    std::mutex writing_;
    Upkeep upkeep_;  // last: its thread ends before anything above does
};

}  // namespace assay
