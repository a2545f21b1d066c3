#include "server/api/server_secrets.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "core/base/files.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t k_secret_bytes = 32;
constexpr std::uint64_t k_secret_file_bytes_max = 4096;
constexpr mode_t k_mode_of_owner = 0600;

/// Writes a file that only its owner may read and that is not there yet.
Result<void> write_new_file(const fs::path& path, std::string_view text) {
    const int descriptor =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, k_mode_of_owner);
    if (descriptor < 0) return std::unexpected(file_error(errno, "create", path));
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    const bool is_whole = written == static_cast<ssize_t>(text.size()) && ::fsync(descriptor) == 0;
    const int problem = errno;
    (void)::close(descriptor);  // synced, or given up
    if (is_whole) return {};
    return std::unexpected(file_error(problem, "write", path));
}

/// Makes the file of a secret, unless there is one. It gets its name when it is whole: half of one
/// would keep every later start from what the first one began.
Result<void> create_secret_file(const fs::path& path) {
    std::error_code ignored;
    if (fs::exists(path, ignored)) return {};
    fs::create_directories(path.parent_path(), ignored);  // what went wrong shows when it is opened
    const fs::path part = path.string() + "." + random_hex(8) + ".tmp";
    const Result<void> written = write_new_file(part, random_hex(k_secret_bytes) + "\n");
    // A link, unlike a new name, never replaces what another process has made meanwhile.
    const bool is_there = written && (::link(part.c_str(), path.c_str()) == 0 || errno == EEXIST);
    const int problem = errno;
    fs::remove(part, ignored);
    if (!written || is_there) return written;
    return std::unexpected(file_error(problem, "create", path));
}

Result<Secret> load_secret(const fs::path& path) {
    ASSAY_CHECK(create_secret_file(path));
    struct stat facts{};
    if (::stat(path.c_str(), &facts) != 0) {
        return std::unexpected(file_error(errno, "read", path));
    }
    if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return failure(ErrorCode::permission_denied,
                       fmt::format("{} can be read by others than its owner; run chmod 600 {}",
                                   path.string(), path.string()));
    }
    ASSAY_TRY(const std::string text, read_file(path, k_secret_file_bytes_max));
    const std::string_view value = trim(text);
    if (value.empty()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("{} is empty; restore it, or remove it to get another, which "
                                   "makes all API keys void",
                                   path.string()));
    }
    return Secret(std::string(value));
}

Result<Secret> find_secret(const fs::path& folder, const Environment& environment,
                           const char* variable, const char* file) {
    if (auto value = environment(variable)) return Secret(std::move(*value));
    return load_secret(folder / file);
}

}  // namespace

std::optional<std::string> process_environment(const char* name) {
    const char* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
}

Result<ServerSecrets> load_server_secrets(const fs::path& folder, const Environment& environment) {
    ServerSecrets secrets;
    ASSAY_TRY(secrets.salt, find_secret(folder, environment, "SALT", "salt"));
    ASSAY_TRY(secrets.encryption_key,
              find_secret(folder, environment, "ENCRYPTION_KEY", "encryption_key"));
    const std::string& key = secrets.encryption_key.reveal();
    const bool is_hex = key.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
    if (key.size() != 2 * k_secret_bytes || !is_hex) {
        return failure(ErrorCode::invalid_argument,
                       "ENCRYPTION_KEY must be 64 hexadecimal digits; make one with "
                       "`openssl rand -hex 32`");
    }
    return secrets;
}

Sha256Digest hash_secret_key(const Secret& salt, std::string_view secret_key) {
    return hmac_sha256(salt.reveal(), secret_key);
}

Sha256Digest salt_fingerprint(const Secret& salt) {
    return hmac_sha256(salt.reveal(), "assay-key-salt");
}

bool equal_in_constant_time(const Sha256Digest& a, const Sha256Digest& b) {
    unsigned int difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
    return difference == 0;
}

}  // namespace assay
