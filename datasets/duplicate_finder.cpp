#include "datasets/duplicate_finder.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <queue>

#include "core/base/files.hpp"

namespace assay {
namespace {

using Entry = DuplicateFinder::Entry;
constexpr std::size_t k_entries_per_read = 4096;

/// Collects duplicates out of entries that come in order.
class Collector {
  public:
    explicit Collector(std::size_t listed_max) : listed_max_(listed_max) {}

    void take(const Entry& entry) {
        if (first_ && first_->fingerprint == entry.fingerprint) {
            ++found.count;
            if (found.listed.size() < listed_max_) {
                found.listed.push_back({first_->line, entry.line});
            }
            return;
        }
        first_ = entry;
    }

    DuplicateFinder::Duplicates found;

  private:
    std::size_t listed_max_;
    std::optional<Entry> first_;
};

/// One sorted run in the temporary file, read in small pieces.
class Run {
  public:
    Run(int file, std::uint64_t begin, std::uint64_t count)
        : file_(file), next_(begin), left_(count) {}

    Result<std::optional<Entry>> next() {
        if (at_ == piece_.size()) ASSAY_CHECK(read_piece());
        if (piece_.empty()) return std::nullopt;
        return piece_[at_++];
    }

  private:
    Result<void> read_piece() {
        piece_.resize(std::min<std::uint64_t>(left_, k_entries_per_read));
        at_ = 0;
        auto* target = reinterpret_cast<char*>(piece_.data());
        std::size_t missing = piece_.size() * sizeof(Entry);
        auto offset = static_cast<off_t>(next_ * sizeof(Entry));
        while (missing > 0) {
            const ssize_t count = ::pread(file_, target, missing, offset);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) {
                return std::unexpected(file_error(count < 0 ? errno : EIO, "read",
                                                  "the temporary file of the duplicate search"));
            }
            target += count;
            offset += count;
            missing -= static_cast<std::size_t>(count);
        }
        next_ += piece_.size();
        left_ -= piece_.size();
        return {};
    }

    int file_;
    std::uint64_t next_;
    std::uint64_t left_;
    std::vector<Entry> piece_;
    std::size_t at_ = 0;
};

Result<std::FILE*> open_temporary_file() {
    std::error_code error;
    const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
    if (error) {
        return std::unexpected(file_error(error.value(), "use", "the folder that TMPDIR names"));
    }
    std::string name = (folder / "assay-XXXXXX").string();
    const int descriptor = ::mkstemp(name.data());
    if (descriptor < 0) return std::unexpected(file_error(errno, "write", name));
    (void)::unlink(name.c_str());  // it goes away with its last descriptor, however we end
    std::FILE* const file = ::fdopen(descriptor, "w+b");
    if (file != nullptr) return file;
    const int open_error = errno;
    (void)::close(descriptor);
    return std::unexpected(file_error(open_error, "write", name));
}

}  // namespace

Fingerprint Fingerprint::of(const Sha256Digest& digest) {
    Fingerprint fingerprint;
    std::memcpy(&fingerprint, digest.data(), sizeof fingerprint);
    return fingerprint;
}

Result<void> DuplicateFinder::add(const Fingerprint& fingerprint, std::uint64_t line) {
    if (held_.size() == held_max_) ASSAY_CHECK(spill());
    held_.push_back({fingerprint, line});
    return {};
}

Result<void> DuplicateFinder::spill() {
    if (!spilled_) {
        ASSAY_TRY(std::FILE* const file, open_temporary_file());
        spilled_.reset(file);
    }
    std::ranges::sort(held_);
    const bool written =
        std::fwrite(held_.data(), sizeof(Entry), held_.size(), spilled_.get()) == held_.size() &&
        std::fflush(spilled_.get()) == 0;
    if (!written) {
        return std::unexpected(
            file_error(errno, "write", "a temporary file for the duplicate search (TMPDIR)"));
    }
    run_sizes_.push_back(held_.size());
    held_.clear();
    return {};
}

Result<DuplicateFinder::Duplicates> DuplicateFinder::finish(std::size_t listed_max) {
    Collector collector(listed_max);
    if (run_sizes_.empty()) {
        std::ranges::sort(held_);
        for (const Entry& entry : held_) collector.take(entry);
        return std::move(collector.found);
    }
    ASSAY_CHECK(spill());
    std::vector<Run> runs;
    using Head = std::pair<Entry, std::size_t>;  // the next entry of a run, and which run
    std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
    const auto advance = [&](std::size_t run) -> Result<void> {
        ASSAY_TRY(const std::optional<Entry> entry, runs[run].next());
        if (entry) heads.emplace(*entry, run);
        return {};
    };
    std::uint64_t begin = 0;
    for (const std::uint64_t size : run_sizes_) {
        runs.emplace_back(::fileno(spilled_.get()), begin, size);
        ASSAY_CHECK(advance(runs.size() - 1));
        begin += size;
    }
    while (!heads.empty()) {
        const auto [entry, run] = heads.top();
        heads.pop();
        collector.take(entry);
        ASSAY_CHECK(advance(run));
    }
    return std::move(collector.found);
}

}  // namespace assay
