#pragma once

#include <sqlite3.h>

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/strong_id.hpp"

// The only header of the project that includes sqlite3.h: connections, statements and rows as
// types, and every return code as an Error.

namespace assay {

/// Bytes that are stored as a BLOB; a plain string_view is stored as TEXT.
struct Blob {
    std::string_view bytes;
};

/// An id in its stored form: canonical lower-case hex as a BLOB of half the length, any other text
/// as TEXT. The column type tells them apart, so the mapping loses nothing.
class StoredId {
  public:
    explicit StoredId(std::string_view text);
    template <class Tag>
    explicit StoredId(const StrongId<Tag>& id) : StoredId(std::string_view(id.value())) {}

    [[nodiscard]] std::string_view bytes() const { return bytes_; }
    [[nodiscard]] bool is_blob() const { return is_blob_; }

  private:
    std::string bytes_;
    bool is_blob_ = false;
};

/// A value of a statement that is put together while the program runs.
using SqlValue = std::variant<std::int64_t, double, std::string, StoredId>;

class Connection;

/// What has_failed_to_sync() means to whoever wants to write.
[[nodiscard]] Error failed_to_sync(const std::filesystem::path& path);

/// Whether bound text and blobs outlive the statement's run, or are copied when they are bound.
enum class Bound : std::uint8_t { borrowed, copied };

/// A prepared statement. Parameters are bound in their order.
class Statement {
  public:
    explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}

    template <class... Values>
    [[nodiscard]] int bind(Bound lifetime, const Values&... values) {
        lifetime_ = lifetime == Bound::borrowed ? SQLITE_STATIC : SQLITE_TRANSIENT;
        int index = 0;
        int code = SQLITE_OK;
        ((code = code == SQLITE_OK ? bind_one(++index, values) : code), ...);
        return code;
    }
    [[nodiscard]] int bind_all(std::span<const SqlValue> values);
    [[nodiscard]] sqlite3_stmt* handle() const { return handle_.get(); }

  private:
    friend class Rows;
    friend class Connection;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept {
            (void)sqlite3_finalize(statement);  // repeats the error of the last step
        }
    };

    template <std::integral Integer>
    int bind_one(int index, Integer value) {
        return sqlite3_bind_int64(handle_.get(), index, static_cast<sqlite3_int64>(value));
    }
    int bind_one(int index, double value) {
        return sqlite3_bind_double(handle_.get(), index, value);
    }
    int bind_one(int index, std::nullptr_t) { return sqlite3_bind_null(handle_.get(), index); }
    int bind_one(int index, std::string_view text);
    int bind_one(int index, const Blob& blob);
    int bind_one(int index, const StoredId& id);
    template <class Value>
    int bind_one(int index, const std::optional<Value>& value) {
        return value ? bind_one(index, *value) : bind_one(index, nullptr);
    }

    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
    sqlite3_destructor_type lifetime_ = SQLITE_TRANSIENT;
    bool in_use_ = false;
};

/// The rows of a running query. The statement is free again when this is destroyed.
class Rows {
  public:
    Rows(Connection* connection, Statement* statement)
        : connection_(connection), statement_(statement) {}
    Rows(Rows&& other) noexcept;
    Rows& operator=(Rows&& other) noexcept;
    ~Rows();

    /// Moves to the next row; false at the end.
    [[nodiscard]] Result<bool> next();
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] double real(int column) const;
    [[nodiscard]] bool is_null(int column) const;
    /// TEXT or BLOB; valid until the next row.
    [[nodiscard]] std::string_view bytes(int column) const;
    /// The id that StoredId stored.
    [[nodiscard]] std::string id(int column) const;

  private:
    void release();
    Connection* connection_;
    Statement* statement_;
};

/// One connection to a database file, used by one thread at a time. Prepared statements are kept
/// and found again by the address of their text, which therefore must be a literal.
class Connection {
  public:
    enum class Mode : std::uint8_t { create, write, read };
    /// @error see error(); the file is not read before the first statement.
    static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& path, Mode mode);

    /// Runs a statement that gives no rows.
    template <class... Values>
    [[nodiscard]] Result<void> run(const char* sql, const Values&... values) {
        ASSAY_TRY(Rows rows, start(Bound::borrowed, sql, values...));
        ASSAY_CHECK(rows.next());
        return {};
    }
    /// Starts a query; its rows come from Rows::next().
    template <class... Values>
    [[nodiscard]] Result<Rows> query(const char* sql, const Values&... values) {
        return start(Bound::copied, sql, values...);
    }
    /// The same with a statement that is put together of literals of ours; whatever comes from
    /// outside is among the values.
    [[nodiscard]] Result<Rows> query_composed(const std::string& sql,
                                              std::span<const SqlValue> values);
    /// Runs several statements without parameters: schemas and pragmas.
    [[nodiscard]] Result<void> execute_script(const char* sql);
    /// The integer in the first column of the first row, if there is one.
    template <class... Values>
    [[nodiscard]] Result<std::optional<std::int64_t>> find_integer(const char* sql,
                                                                   const Values&... values) {
        ASSAY_TRY(Rows rows, start(Bound::borrowed, sql, values...));
        ASSAY_TRY(const bool found, rows.next());
        if (!found) return std::nullopt;
        return rows.integer(0);
    }

    [[nodiscard]] std::int64_t last_row() const { return sqlite3_last_insert_rowid(handle_.get()); }
    /// Rows that the last INSERT, UPDATE or DELETE changed.
    [[nodiscard]] int changes() const { return sqlite3_changes(handle_.get()); }
    [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
    /// What a result code means, with the path and the remedy.
    [[nodiscard]] Error error(int code) const;
    enum class File : std::uint8_t { database, log };
    /// Puts on the disk what all connections wrote to the file. Nothing before the first read.
    [[nodiscard]] Result<void> sync(File file);
    /// Copies of the write-ahead log into the database what no reader still needs there, without
    /// waiting for anybody.
    [[nodiscard]] Result<void> checkpoint();
    /// Copies the write-ahead log whole and makes it an empty file. Without waiting for anybody:
    /// false while somebody else uses it.
    [[nodiscard]] Result<bool> cut_log();
    /// How long the log was after this connection's last commit.
    [[nodiscard]] int log_pages() const { return log_pages_; }
    /// Whether the system once failed to put on the disk what was written. Nobody knows then what
    /// is there, and trying again can succeed without having written it.
    [[nodiscard]] bool has_failed_to_sync() const { return has_failed_to_sync_; }
    /// From now on a statement that still runs at that time is ended: deadline_exceeded.
    void limit_time(Deadline deadline);
    [[nodiscard]] sqlite3* handle() const { return handle_.get(); }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    friend class Rows;
    struct Close {
        void operator()(sqlite3* connection) const noexcept {
            (void)sqlite3_close_v2(connection);  // only fails for a handle that is not one
        }
    };
    Connection(std::filesystem::path path, sqlite3* handle)
        : path_(std::move(path)), handle_(handle) {}
    static int on_commit(void* self, sqlite3* handle, const char* schema, int log_pages);
    static int on_progress(void* self);
    [[nodiscard]] std::unexpected<Error> failed(int code);
    [[nodiscard]] Result<Statement*> acquire(const char* sql);
    template <class... Values>
    [[nodiscard]] Result<Rows> start(Bound lifetime, const char* sql, const Values&... values) {
        ASSAY_TRY(Statement * statement, acquire(sql));
        Rows rows(this, statement);
        if (const int code = statement->bind(lifetime, values...); code != SQLITE_OK) {
            return std::unexpected(error(code));
        }
        return rows;
    }

    std::filesystem::path path_;
    std::unique_ptr<sqlite3, Close> handle_;
    int log_pages_ = 0;
    bool has_failed_to_sync_ = false;
    Deadline deadline_;
    std::set<std::string> composed_;  ///< texts of composed statements, at addresses that stay
    // Several per text when a query runs inside another of the same text.
    std::unordered_map<const char*, std::vector<std::unique_ptr<Statement>>> statements_;
};

/// A write transaction: committed, or rolled back when destroyed.
class Transaction {
  public:
    /// @error unavailable: retryable when another process keeps the write lock too long, final when
    ///        the disk has failed to sync.
    static Result<Transaction> begin(Connection& connection);
    Transaction(Transaction&& other) noexcept
        : connection_(std::exchange(other.connection_, nullptr)) {}
    Transaction& operator=(Transaction&& other) noexcept = delete;
    ~Transaction();

    [[nodiscard]] Result<void> commit();

  private:
    explicit Transaction(Connection& connection) : connection_(&connection) {}
    Connection* connection_;
};

/// As long as this lives, the connection reads the database as it was at its first query.
class Snapshot {
  public:
    /// Inside another snapshot of the same connection this is that one.
    static Result<Snapshot> begin(Connection& connection);
    Snapshot(Snapshot&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
    Snapshot& operator=(Snapshot&& other) noexcept = delete;
    ~Snapshot();

  private:
    explicit Snapshot(Connection* connection) : connection_(connection) {}
    Connection* connection_;  ///< null when another one ends it
};

}  // namespace assay
