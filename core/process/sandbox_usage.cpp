#include "core/process/sandbox_usage.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <string_view>
#include <vector>

#include "core/base/text.hpp"

namespace assay {
namespace {

using std::chrono::milliseconds;

/// One of the kernel's small files; "" when the process is gone.
std::string read_small(int folder, const std::string& name) {
    const FileDescriptor file(::openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return {};
    std::array<char, 4096> text{};
    const ssize_t size = ::read(file.get(), text.data(), text.size());
    return size <= 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(size));
}

std::uint64_t number_in(std::string_view text) {
    text = trim(text);
    std::uint64_t number = 0;
    (void)std::from_chars(text.data(), text.data() + text.size(), number);  // 0 when it is none
    return number;
}

struct CloseFolder {
    void operator()(DIR* folder) const noexcept { (void)::closedir(folder); }
};

/// The entries of a /proc that are processes.
std::vector<std::string> processes_in(int proc) {
    std::vector<std::string> pids;
    const int copy = ::openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, CloseFolder> folder(copy < 0 ? nullptr : ::fdopendir(copy));
    if (!folder) return pids;
    while (const dirent* const entry = ::readdir(folder.get())) {
        const std::string_view name = entry->d_name;
        if (name.front() >= '1' && name.front() <= '9') pids.emplace_back(name);
    }
    return pids;
}

/// The fields of /proc/PID/stat from the third on; the second, the name, may hold anything.
std::vector<std::string_view> fields_of(std::string_view stat) {
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string_view::npos || name_end + 2 > stat.size()) return {};
    return split(stat.substr(name_end + 2), ' ');
}
constexpr std::size_t k_parent_field = 1;
constexpr std::size_t k_cpu_field = 11;  // user and system, then those of children that ended
constexpr std::size_t k_resident_field = 21;

/// The value of a line such as "Pss_Anon:     120 kB", in bytes.
std::uint64_t bytes_after(std::string_view text, std::string_view name) {
    const std::size_t at = text.find(name);
    return at == std::string_view::npos ? 0 : number_in(text.substr(at + name.size())) * 1024;
}

}  // namespace

/// Finds the sandbox's first process, and takes hold of its /proc and its scratch folder.
bool SandboxUsage::find() {
    if (proc_.get() >= 0) return true;
    const FileDescriptor ours(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const std::string parent = std::to_string(bubblewrap_);
    for (const std::string& pid : processes_in(ours.get())) {
        const std::string stat = read_small(ours.get(), pid + "/stat");
        const auto fields = fields_of(stat);
        if (fields.size() <= k_parent_field || fields[k_parent_field] != parent) continue;
        const std::string root = "/proc/" + pid + "/root";
        FileDescriptor proc(::open((root + "/proc").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        struct stat inside{};
        struct stat outside{};
        const bool is_set_up = ::fstat(proc.get(), &inside) == 0 &&
                               ::fstat(ours.get(), &outside) == 0 &&
                               inside.st_dev != outside.st_dev;
        if (!is_set_up) return false;
        proc_ = std::move(proc);
        scratch_ =
            FileDescriptor(::open((root + "/tmp").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        return true;
    }
    return false;
}

SandboxUsage::Sample SandboxUsage::sample() const {
    static const auto k_ticks_per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    static const auto k_page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    std::uint64_t ticks = 0;
    Sample sample;
    for (const std::string& pid : processes_in(proc_.get())) {
        const std::string stat = read_small(proc_.get(), pid + "/stat");
        const auto fields = fields_of(stat);
        if (fields.size() <= k_resident_field) continue;
        for (std::size_t i = 0; i < 4; ++i) ticks += number_in(fields[k_cpu_field + i]);
        sample.memory_bytes += number_in(fields[k_resident_field]) * k_page_bytes;
    }
    sample.cpu = milliseconds(ticks * 1000 / k_ticks_per_second);
    return sample;
}

/// Memory that belongs to the processes, pages that several share counted once.
std::uint64_t SandboxUsage::private_bytes() const {
    std::uint64_t bytes = 0;
    for (const std::string& pid : processes_in(proc_.get())) {
        const std::string rollup = read_small(proc_.get(), pid + "/smaps_rollup");
        bytes += bytes_after(rollup, "\nPss_Anon:") + bytes_after(rollup, "\nPss_Shmem:");
    }
    return bytes;
}

std::uint64_t SandboxUsage::scratch_files() const {
    struct statvfs info{};
    if (::fstatvfs(scratch_.get(), &info) != 0) return 0;
    return info.f_files - info.f_ffree;
}

std::string SandboxUsage::exceeded(const UsageLimits& limits) {
    if (!find()) return {};
    const Sample now = sample();
    if (!cpu_before_) cpu_before_ = now.cpu;
    if (limits.cpu.count() > 0 && now.cpu - *cpu_before_ > limits.cpu) {
        return fmt::format("used more than {} s of CPU time for {}",
                           std::chrono::duration<double>(limits.cpu).count(), limits.item);
    }
    // The resident pages are cheap to count and may be shared: only then is it counted exactly.
    const bool suspicious = limits.memory_bytes > 0 && now.memory_bytes > limits.memory_bytes;
    if (suspicious && private_bytes() > limits.memory_bytes) {
        return fmt::format("used more than {} MB of memory", limits.memory_bytes >> 20U);
    }
    if (scratch_files() > static_cast<std::uint64_t>(limits::k_sandbox_files_max)) {
        return fmt::format("made more than {} files", limits::k_sandbox_files_max);
    }
    return {};
}

}  // namespace assay
