#include "server/store/database.hpp"

#include <fmt/format.h>

#include <thread>

#include "core/base/clock.hpp"
#include "core/base/files.hpp"
#include "core/base/limits.hpp"
#include "server/store/migrations.hpp"
#include "server/store/shared_text.hpp"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr const char* k_file_name = "assay.db";
constexpr std::size_t k_cached_symbols_max = 65'536;
constexpr std::size_t k_cached_symbol_bytes_max = 256;  // clients choose some of them
constexpr std::int64_t k_training_documents = 4000;
constexpr std::size_t k_training_sample_bytes_max = 16U << 10U;

// page_size counts only before the first table.
constexpr const char* k_configure_writer = R"sql(
PRAGMA synchronous = FULL;
PRAGMA cache_size = -65536;
PRAGMA temp_store = MEMORY;
PRAGMA secure_delete = OFF;
PRAGMA cell_size_check = ON;
PRAGMA journal_size_limit = 67108864;
)sql";
constexpr const char* k_configure_reader = R"sql(
PRAGMA cache_size = -16384;
PRAGMA temp_store = MEMORY;
PRAGMA cell_size_check = ON;
PRAGMA query_only = ON;
)sql";

constexpr const char* k_find_symbol = "SELECT symbol FROM symbols WHERE text = ?1";
constexpr const char* k_add_symbol = "INSERT INTO symbols(text) VALUES(?1)";
constexpr const char* k_symbol_text = "SELECT text FROM symbols WHERE symbol = ?1";
constexpr const char* k_find_project = "SELECT project FROM projects WHERE id = ?1";
constexpr const char* k_add_project = "INSERT INTO projects(id) VALUES(?1)";
constexpr const char* k_any_dictionary = "SELECT 1 FROM dictionaries LIMIT 1";
constexpr const char* k_newest_document = "SELECT max(trace) FROM trace_documents";
constexpr const char* k_training_set =
    "SELECT * FROM (SELECT dictionary, size, document FROM trace_documents LIMIT ?1) UNION ALL "
    "SELECT * FROM (SELECT dictionary, size, document FROM item_versions LIMIT ?1)";
constexpr const char* k_add_dictionary = "INSERT INTO dictionaries(data) VALUES(?1)";

Result<void> prepare_folder(const fs::path& folder, Database::Missing missing) {
    std::error_code error;
    const bool is_there = fs::exists(folder / k_file_name, error);
    if (!is_there && missing == Database::Missing::refuse) {
        return failure(ErrorCode::not_found,
                       fmt::format("there is no store in {}; run an experiment first, or name its "
                                   "folder",
                                   folder.string()));
    }
    if (fs::exists(folder, error) && !fs::is_directory(folder, error)) {
        return failure(
            ErrorCode::invalid_argument,
            fmt::format("{} is a file, not a folder; choose another folder for the store",
                        folder.string()));
    }
    fs::create_directories(folder, error);
    if (error) return std::unexpected(file_error(error.value(), "create the folder", folder));
    return {};
}

/// Write-ahead logging, which is a property of the file. Two processes that create a store at the
/// same moment collide here, where SQLite does not wait by itself.
Result<void> switch_to_write_ahead_log(Connection& connection) {
    ASSAY_CHECK(connection.execute_script("PRAGMA page_size = 4096"));
    const MonotonicTime give_up = SystemClock().monotonic() + limits::k_store_busy_timeout;
    while (true) {
        const Result<void> done = connection.execute_script("PRAGMA journal_mode = WAL");
        if (done || !done.error().retryable || SystemClock().monotonic() > give_up) return done;
        std::this_thread::yield();
    }
}

}  // namespace

Result<std::int64_t> Session::symbol(std::string_view text) {
    std::string key(text);
    if (const auto known = symbols_.find(key); known != symbols_.end()) return known->second;
    ASSAY_TRY(auto row, connection_->find_integer(k_find_symbol, text));
    if (!row) {
        ASSAY_CHECK(connection_->run(k_add_symbol, text));
        row = connection_->last_row();
    }
    if (key.size() > k_cached_symbol_bytes_max) return *row;
    if (symbols_.size() >= k_cached_symbols_max) symbols_.clear();
    symbols_.emplace(std::move(key), *row);
    return *row;
}

Result<std::string> Session::symbol_text(std::int64_t symbol) {
    if (const auto known = texts_.find(symbol); known != texts_.end()) return known->second;
    ASSAY_TRY(Rows rows, connection_->query(k_symbol_text, symbol));
    ASSAY_TRY(const bool found, rows.next());
    if (!found) return std::unexpected(connection_->error(SQLITE_CORRUPT));
    if (rows.bytes(0).size() > k_cached_symbol_bytes_max) return std::string(rows.bytes(0));
    if (texts_.size() >= k_cached_symbols_max) texts_.clear();
    return texts_.emplace(symbol, rows.bytes(0)).first->second;
}

Result<std::int64_t> Session::find_project(const ProjectId& project) {
    if (project_row_ >= 0 && project == project_) return project_row_;
    ASSAY_TRY(const auto row, connection_->find_integer(k_find_project, StoredId(project)));
    if (!row) return -1;
    project_ = project;
    project_row_ = *row;
    return *row;
}

Result<std::int64_t> Session::ensure_project(const ProjectId& project) {
    ASSAY_TRY(const std::int64_t row, find_project(project));
    if (row >= 0) return row;
    ASSAY_CHECK(connection_->run(k_add_project, StoredId(project)));
    return connection_->last_row();
}

void Session::forget() {
    symbols_.clear();
    project_row_ = -1;
}

Result<std::unique_ptr<Database>> Database::open(const fs::path& folder, Missing missing) {
    ASSAY_CHECK(prepare_folder(folder, missing));
    const fs::path file = folder / k_file_name;
    const auto mode =
        missing == Missing::create ? Connection::Mode::create : Connection::Mode::write;
    ASSAY_TRY(auto writing, Connection::open(file, mode));
    ASSAY_CHECK(switch_to_write_ahead_log(*writing));
    ASSAY_CHECK(writing->execute_script(k_configure_writer));
    ASSAY_CHECK(migrate(*writing, store_format()));
    std::unique_ptr<Database> database(
        new Database(std::make_unique<Session>(std::move(writing)), nullptr));
    ASSAY_TRY(database->reader_, database->open_reader());
    return database;
}

Result<std::unique_ptr<Session>> Database::open_reader() const {
    ASSAY_TRY(auto connection,
              Connection::open(writer_->connection().path(), Connection::Mode::read));
    ASSAY_CHECK(connection->execute_script(k_configure_reader));
    return std::make_unique<Session>(std::move(connection));
}

Result<std::unique_ptr<Database>> Database::open_file(const fs::path& file) {
    ASSAY_TRY(auto connection, Connection::open(file, Connection::Mode::read));
    const Result<void> current = migrate(*connection, store_format());
    if (!current && current.error().code == ErrorCode::permission_denied) {
        return failure(ErrorCode::data_loss,
                       fmt::format("{} was not written by this version of assay; export the run "
                                   "again with it",
                                   file.string()));
    }
    ASSAY_CHECK(current);
    ASSAY_CHECK(connection->execute_script(k_configure_reader));
    ASSAY_TRY(auto other, Connection::open(file, Connection::Mode::read));
    return std::unique_ptr<Database>(
        new Database(std::make_unique<Session>(std::move(other)),
                     std::make_unique<Session>(std::move(connection))));
}

Result<void> Database::pack(const fs::path& folder, const fs::path& file) {
    {
        ASSAY_TRY(const auto connection,
                  Connection::open(folder / k_file_name, Connection::Mode::write));
        // Without a write-ahead log it is one file, which can be read where nothing can be written.
        ASSAY_CHECK(connection->execute_script("PRAGMA journal_mode = DELETE"));
    }
    std::error_code error;
    fs::rename(folder / k_file_name, file, error);
    if (error) return std::unexpected(file_error(error.value(), "write", file));
    return {};
}

Result<void> Database::settle() {
    const std::lock_guard writing(writing_);
    ASSAY_CHECK(upkeep_.health());
    ASSAY_CHECK(writer_->connection().checkpoint());
    upkeep_.cut_log();
    return {};
}

Result<void> Database::empty_log() {
    const std::lock_guard writing(writing_);
    ASSAY_CHECK(upkeep_.health());
    ASSAY_TRY(const bool is_cut, writer_->connection().cut_log());
    if (!is_cut) upkeep_.cut_log();
    return {};
}

Result<void> Database::train_when_due(Durability durability) {
    if (training_tried_ || writer_->codec().has_dictionary()) return {};
    ASSAY_TRY(const auto documents, writer_->connection().find_integer(k_newest_document));
    if (documents.value_or(0) < k_training_documents) return {};
    training_tried_ = true;
    if (durability == Durability::none) {
        upkeep_.train();
        return {};
    }
    return writer_->train(writing_);
}

/// In SQLite's words: with NORMAL a commit is in the write-ahead log and not waited for; the next
/// one with FULL flushes the log whole.
Result<void> Database::set_durability(Durability durability) {
    if (durability == durability_) return {};
    const bool is_synced = durability == Durability::synced;
    ASSAY_CHECK(writer_->connection().execute_script(is_synced ? "PRAGMA synchronous = FULL"
                                                               : "PRAGMA synchronous = NORMAL"));
    durability_ = durability;
    return {};
}

Result<std::vector<std::string>> Session::training_samples() {
    std::vector<std::string> samples;
    ASSAY_TRY(Rows rows, connection_->query(k_training_set, k_training_documents / 2));
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return samples;
        const PackedDocument packed{rows.integer(0), rows.integer(1), Blob{rows.bytes(2)}};
        ASSAY_TRY(std::string sample, codec_.unpack(packed));
        sample.resize(std::min(sample.size(), k_training_sample_bytes_max));
        samples.push_back(std::move(sample));
    }
}

Result<void> Session::train(std::mutex& writing) {
    ASSAY_TRY(const std::vector<std::string> samples, training_samples());
    const std::string dictionary = train_dictionary(keep_shared_text(samples));
    const std::lock_guard lock(writing);
    ASSAY_TRY(Transaction transaction, Transaction::begin(*connection_));
    // Another process may have been quicker.
    ASSAY_TRY(const auto known, connection_->find_integer(k_any_dictionary));
    if (!known) ASSAY_CHECK(connection_->run(k_add_dictionary, Blob{dictionary}));
    return transaction.commit();
}

}  // namespace assay
