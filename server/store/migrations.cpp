#include "server/store/migrations.hpp"

#include <fmt/format.h>

#include "core/base/version.hpp"

namespace assay {
namespace {

// "assy": tells our files from those of other programs.
constexpr std::int64_t k_application_id = 0x61737379;

constexpr const char* k_record = "INSERT INTO migrations VALUES(?1, unixepoch(), ?2)";

Result<std::int64_t> read_version(Connection& connection) {
    ASSAY_TRY(const auto version, connection.find_integer("PRAGMA user_version"));
    return version.value_or(0);
}

/// A file that holds something, and not ours. The tables are looked at first: another process may
/// create the store between the two statements, and with its tables comes its id.
Result<bool> is_foreign(Connection& connection) {
    ASSAY_TRY(const auto tables, connection.find_integer("SELECT count(*) FROM sqlite_schema"));
    if (tables.value_or(0) == 0) return false;
    ASSAY_TRY(const auto application, connection.find_integer("PRAGMA application_id"));
    return application.value_or(0) != k_application_id;
}

Result<void> apply(Connection& connection, const Migration& step) {
    ASSAY_CHECK(connection.execute_script(step.sql));
    return connection.run(k_record, step.version, k_version);
}

}  // namespace

Result<void> migrate(Connection& connection, const Format& format) {
    const int newest = format.steps.back().version;
    ASSAY_TRY(std::int64_t version, read_version(connection));
    ASSAY_TRY(const bool foreign, is_foreign(connection));
    if (foreign) {
        return failure(ErrorCode::data_loss,
                       fmt::format("{} belongs to another program; choose another folder",
                                   connection.path().string()));
    }
    if (version > newest) {
        return failure(
            ErrorCode::data_loss,
            fmt::format("{} was written by a newer assay (format {}, this one knows {}); "
                        "use that version, or choose another folder",
                        connection.path().string(), version, newest));
    }
    if (version == newest) return {};

    ASSAY_TRY(Transaction transaction, Transaction::begin(connection));
    // Another process may have been here while we waited for the lock.
    ASSAY_TRY(version, read_version(connection));
    if (version == 0 && format.schema != nullptr) {
        ASSAY_CHECK(apply(connection, {newest, format.schema}));
    } else {
        for (const Migration& step : format.steps) {
            if (step.version > version) ASSAY_CHECK(apply(connection, step));
        }
    }
    return transaction.commit();
}

}  // namespace assay
