#include "server/store/sqlite_handle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/files.hpp"
#include "core/base/hash.hpp"
#include "core/base/limits.hpp"

namespace assay {
namespace {

// A connection that commits copies the log into the database when it is longer than 32 MB, so that
// the log stays near that size also where nobody else does.
constexpr int k_log_pages_max = 8192;
constexpr std::size_t k_composed_statements_max = 128;
constexpr int k_steps_between_looks = 10'000;  // well below a millisecond
constexpr int k_busy_timeout_ms = static_cast<int>(limits::k_store_busy_timeout.count());

/// The value of each lower-case hex digit; -1 for every other character.
constexpr std::array<std::int8_t, 256> k_hex_values = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (unsigned i = 0; i < 16; ++i) {
        values[static_cast<unsigned char>("0123456789abcdef"[i])] = static_cast<std::int8_t>(i);
    }
    return values;
}();

int hex_value(char digit) { return k_hex_values[static_cast<unsigned char>(digit)]; }

/// A null pointer would be bound as NULL, so an empty text needs an address.
const char* address_of(std::string_view bytes) { return bytes.data() ? bytes.data() : ""; }

/// SQLite's statistics of memory, which nobody reads, cost two locks at each allocation. Where
/// SQLite is in use already they stay, and nothing else differs.
void stop_counting_memory() {
    static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)configured;
}

bool is_disk_full(int error_number) { return error_number == ENOSPC || error_number == EDQUOT; }

}  // namespace

StoredId::StoredId(std::string_view text) : is_blob_(!text.empty() && text.size() % 2 == 0) {
    bytes_.reserve(text.size());
    for (std::size_t i = 0; is_blob_ && i < text.size(); i += 2) {
        const int high = hex_value(text[i]);
        const int low = hex_value(text[i + 1]);
        is_blob_ = high >= 0 && low >= 0;
        bytes_.push_back(static_cast<char>(high * 16 + low));
    }
    if (!is_blob_) bytes_ = text;
}

int Statement::bind_one(int index, std::string_view text) {
    return sqlite3_bind_text64(handle_.get(), index, address_of(text), text.size(), lifetime_,
                               SQLITE_UTF8);
}

int Statement::bind_one(int index, const Blob& blob) {
    return sqlite3_bind_blob64(handle_.get(), index, address_of(blob.bytes), blob.bytes.size(),
                               lifetime_);
}

int Statement::bind_one(int index, const StoredId& id) {
    return id.is_blob() ? bind_one(index, Blob{id.bytes()}) : bind_one(index, id.bytes());
}

int Statement::bind_all(std::span<const SqlValue> values) {
    lifetime_ = SQLITE_TRANSIENT;
    int index = 0;
    for (const SqlValue& value : values) {
        const int code = std::visit(
            [&](const auto& typed) {
                if constexpr (std::is_same_v<decltype(typed), const std::string&>) {
                    return bind_one(index + 1, std::string_view(typed));
                } else {
                    return bind_one(index + 1, typed);
                }
            },
            value);
        if (code != SQLITE_OK) return code;
        ++index;
    }
    return SQLITE_OK;
}

Rows::Rows(Rows&& other) noexcept
    : connection_(other.connection_), statement_(std::exchange(other.statement_, nullptr)) {}

Rows& Rows::operator=(Rows&& other) noexcept {
    release();
    connection_ = other.connection_;
    statement_ = std::exchange(other.statement_, nullptr);
    return *this;
}

Rows::~Rows() { release(); }

void Rows::release() {
    if (statement_ == nullptr) return;
    (void)sqlite3_reset(statement_->handle());  // repeats the error of the last step
    statement_->in_use_ = false;
}

Result<bool> Rows::next() {
    errno = 0;  // SQLite does not record the cause of every failure; see Connection::error()
    const int code = sqlite3_step(statement_->handle());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return connection_->failed(code);
}

std::int64_t Rows::integer(int column) const {
    return sqlite3_column_int64(statement_->handle(), column);
}

double Rows::real(int column) const { return sqlite3_column_double(statement_->handle(), column); }

bool Rows::is_null(int column) const {
    return sqlite3_column_type(statement_->handle(), column) == SQLITE_NULL;
}

std::string_view Rows::bytes(int column) const {
    const void* const data = sqlite3_column_blob(statement_->handle(), column);
    const int size = sqlite3_column_bytes(statement_->handle(), column);
    if (data == nullptr || size <= 0) return {};
    return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

std::string Rows::id(int column) const {
    if (sqlite3_column_type(statement_->handle(), column) == SQLITE_BLOB) {
        return to_hex(bytes(column));
    }
    return std::string(bytes(column));
}

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& path, Mode mode) {
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    flags |= mode == Mode::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (mode == Mode::create) flags |= SQLITE_OPEN_CREATE;
    stop_counting_memory();
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
    std::unique_ptr<Connection> connection(new Connection(path, handle));
    if (code != SQLITE_OK) return std::unexpected(connection->error(code));

    (void)sqlite3_wal_hook(handle, &Connection::on_commit, connection.get());
    for (const int configured :
         {sqlite3_busy_timeout(handle, k_busy_timeout_ms),
          sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr),
          sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr)}) {
        if (configured != SQLITE_OK) return std::unexpected(connection->error(configured));
    }
    return connection;
}

/// Instead of SQLite's own, which would copy the log into the database much earlier.
int Connection::on_commit(void* self, sqlite3* handle, const char* schema, int log_pages) {
    static_cast<Connection*>(self)->log_pages_ = log_pages;
    if (log_pages < k_log_pages_max) return SQLITE_OK;
    // When this fails, the log grows; what was committed is in it.
    (void)sqlite3_wal_checkpoint_v2(handle, schema, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    return SQLITE_OK;
}

Result<void> Connection::checkpoint() {
    const int code = sqlite3_wal_checkpoint_v2(handle_.get(), "main", SQLITE_CHECKPOINT_PASSIVE,
                                               nullptr, nullptr);
    if (code == SQLITE_OK || code == SQLITE_BUSY) return {};  // busy: somebody else does it
    return failed(code);
}

Result<bool> Connection::cut_log() {
    (void)sqlite3_busy_timeout(handle_.get(), 0);  // only fails for a handle that is not one
    const int code = sqlite3_wal_checkpoint_v2(handle_.get(), "main", SQLITE_CHECKPOINT_TRUNCATE,
                                               nullptr, nullptr);
    (void)sqlite3_busy_timeout(handle_.get(), k_busy_timeout_ms);
    if (code == SQLITE_OK) return true;
    if (code == SQLITE_BUSY) return false;
    return failed(code);
}

Result<void> Connection::sync(File file) {
    const int what = file == File::log ? SQLITE_FCNTL_JOURNAL_POINTER : SQLITE_FCNTL_FILE_POINTER;
    sqlite3_file* opened = nullptr;
    const int found = sqlite3_file_control(handle_.get(), "main", what, &opened);
    if (found != SQLITE_OK) return failed(found);
    if (opened == nullptr || opened->pMethods == nullptr) return {};
    const int code = opened->pMethods->xSync(opened, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
    if (code == SQLITE_OK) return {};
    return failed(code);
}

std::unexpected<Error> Connection::failed(int code) {
    if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) has_failed_to_sync_ = true;
    return std::unexpected(error(code));
}

Error failed_to_sync(const std::filesystem::path& path) {
    return {ErrorCode::unavailable,
            fmt::format("{}: the disk failed to store what was written, so nothing more is "
                        "written; check the disk and run again",
                        path.string())};
}

Result<void> Connection::execute_script(const char* sql) {
    const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) return {};
    return std::unexpected(error(code));
}

Result<Statement*> Connection::acquire(const char* sql) {
    auto& prepared = statements_[sql];
    for (const auto& statement : prepared) {
        if (statement->in_use_) continue;
        statement->in_use_ = true;
        return statement.get();
    }
    sqlite3_stmt* handle = nullptr;
    const int code =
        sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
    if (code != SQLITE_OK) return std::unexpected(error(code));
    prepared.push_back(std::make_unique<Statement>(handle));
    prepared.back()->in_use_ = true;
    return prepared.back().get();
}

Result<Rows> Connection::query_composed(const std::string& sql, std::span<const SqlValue> values) {
    if (composed_.size() >= k_composed_statements_max && !composed_.contains(sql)) {
        // Those in use stay where they are, and so do their texts.
        std::erase_if(composed_, [&](const std::string& text) {
            const auto prepared = statements_.find(text.c_str());
            if (prepared == statements_.end()) return true;
            if (std::ranges::any_of(prepared->second, &Statement::in_use_)) return false;
            statements_.erase(prepared);
            return true;
        });
    }
    ASSAY_TRY(Statement * statement, acquire(composed_.insert(sql).first->c_str()));
    Rows rows(this, statement);
    if (const int code = statement->bind_all(values); code != SQLITE_OK) {
        return std::unexpected(error(code));
    }
    return rows;
}

int Connection::on_progress(void* self) {
    const Deadline deadline = static_cast<Connection*>(self)->deadline_;
    return std::chrono::steady_clock::now() >= deadline.at ? 1 : 0;
}

void Connection::limit_time(Deadline deadline) {
    deadline_ = deadline;
    const bool is_limited = !deadline.is_never();
    sqlite3_progress_handler(handle_.get(), is_limited ? k_steps_between_looks : 0,
                             is_limited ? &Connection::on_progress : nullptr, this);
}

Error Connection::error(int code) const {
    const int recorded = handle_ ? sqlite3_system_errno(handle_.get()) : 0;
    const int system = recorded != 0 ? recorded : errno;
    const std::string name = path_.string();
    const char* const detail = handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
    switch (code & 0xff) {
        case SQLITE_FULL: return file_error(ENOSPC, "write", path_);
        case SQLITE_IOERR:
            if (is_disk_full(system) || system == EFBIG) return file_error(system, "write", path_);
            return {
                ErrorCode::unavailable,
                fmt::format("{}: reading or writing failed ({}, {}); check the disk and run "
                            "again",
                            name, detail, system == 0 ? "no cause given" : std::strerror(system))};
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return {ErrorCode::unavailable,
                    fmt::format("{}: another process has been writing for more than {} s; wait for "
                                "it to end and run again",
                                name, limits::k_store_busy_timeout.count() / 1000),
                    true};
        case SQLITE_INTERRUPT:
            return {ErrorCode::deadline_exceeded,
                    "The query takes too long; narrow it by time or by more filters"};
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return {ErrorCode::permission_denied,
                    fmt::format("{}: the store cannot be written; make the file and its folder "
                                "writable, or choose another folder",
                                name)};
        case SQLITE_CANTOPEN:
            return {ErrorCode::permission_denied,
                    fmt::format("{}: the store cannot be opened ({}); check the folder's owner and "
                                "mode, or choose another folder",
                                name, system == 0 ? detail : std::strerror(system))};
        case SQLITE_NOTADB:
            return {ErrorCode::data_loss,
                    fmt::format("{} is no database; move the file away or choose another folder",
                                name)};
        case SQLITE_CORRUPT:
            return {ErrorCode::data_loss,
                    fmt::format("{} is damaged ({}); restore it from a backup, or move it away to "
                                "start an empty one",
                                name, detail)};
        case SQLITE_NOMEM:
            return {ErrorCode::resource_exhausted, fmt::format("{}: out of memory", name)};
        case SQLITE_TOOBIG:
            return {ErrorCode::resource_exhausted,
                    fmt::format("{}: a value is larger than the database can hold", name)};
        default: return {ErrorCode::internal, fmt::format("{}: {}", name, detail)};
    }
}

Result<Transaction> Transaction::begin(Connection& connection) {
    if (connection.has_failed_to_sync()) return std::unexpected(failed_to_sync(connection.path()));
    ASSAY_CHECK(connection.run("BEGIN IMMEDIATE"));
    return Transaction(connection);
}

Result<void> Transaction::commit() {
    ASSAY_CHECK(connection_->run("COMMIT"));
    connection_ = nullptr;
    return {};
}

Transaction::~Transaction() {
    // A full disk has rolled back by itself; a failure here leaves nothing to roll back.
    if (connection_ != nullptr && connection_->in_transaction()) (void)connection_->run("ROLLBACK");
}

Result<Snapshot> Snapshot::begin(Connection& connection) {
    if (connection.in_transaction()) return Snapshot(nullptr);
    ASSAY_CHECK(connection.run("BEGIN DEFERRED"));
    return Snapshot(&connection);
}

Snapshot::~Snapshot() {
    if (connection_ != nullptr) (void)connection_->run("ROLLBACK");  // nothing was written
}

}  // namespace assay
