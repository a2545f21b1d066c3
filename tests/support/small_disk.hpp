#pragma once

#include <sys/mount.h>

#include <filesystem>
#include <utility>

namespace assay::test {

/// A small file system of its own on a folder, as long as this lives. Needs root.
class SmallDisk {
  public:
    /// @param options  of tmpfs, e.g. "size=1m".
    SmallDisk(std::filesystem::path at, const char* options) : at_(std::move(at)) {
        mounted_ = ::mount("tmpfs", at_.c_str(), "tmpfs", 0, options) == 0;
    }
    ~SmallDisk() {
        if (mounted_) (void)::umount(at_.c_str());
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    [[nodiscard]] bool is_mounted() const { return mounted_; }
    /// From now on nothing can be written.
    [[nodiscard]] bool make_read_only() const {
        return ::mount("tmpfs", at_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0;
    }

  private:
    std::filesystem::path at_;
    bool mounted_ = false;
};

}  // namespace assay::test
