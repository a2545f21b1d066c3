#include "server/store/run_lock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "core/base/hash.hpp"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t k_name_characters_max = 128;

/// An id is any text; one that is no plain file name is replaced by its hash.
std::string file_name(const std::string& id) {
    const bool is_plain = !id.empty() && id.size() <= k_name_characters_max &&
                          std::ranges::all_of(id, [](unsigned char character) {
                              return std::isalnum(character) != 0 || character == '-';
                          });
    return is_plain ? id : sha256_hex(id);
}

fs::path lock_file(const RunLock::Place& place) {
    return place.store / "runs" / file_name(place.project.value()) /
           (file_name(place.run.value()) + ".lock");
}

}  // namespace

Result<RunLock> RunLock::acquire(const Place& place) {
    const fs::path file = lock_file(place);
    Result<FileLock> lock = FileLock::acquire(file);
    if (lock) return RunLock(std::move(*lock));
    if (lock.error().code != ErrorCode::already_exists) return std::unexpected(lock.error());
    return failure(ErrorCode::already_exists,
                   fmt::format("run {} is being executed by another process{}; wait for it to end",
                               place.run.value(), FileLock::holder(file)));
}

fs::path RunLock::beside(std::string_view extension) const {
    return fs::path(lock_.file()).replace_extension(extension);
}

bool RunLock::is_held(const Place& place) { return FileLock::is_held(lock_file(place)); }

}  // namespace assay
