#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "core/base/random.hpp"

namespace assay::test {

/// A file for parsers that read files, as long as this lives.
class ScratchFile {
  public:
    explicit ScratchFile(std::string_view ending)
        : path_(std::filesystem::temp_directory_path() /
                ("assay-fuzz-" + random_hex(8) + std::string(ending))) {}
    ~ScratchFile() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    ScratchFile(const ScratchFile&) = delete;
    ScratchFile& operator=(const ScratchFile&) = delete;

    void write(std::string_view content) const {
        std::ofstream(path_, std::ios::binary) << content;
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace assay::test
