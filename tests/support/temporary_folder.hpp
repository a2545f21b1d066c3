#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace assay::test {

/// A folder that exists as long as the object does.
class TemporaryFolder {
  public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// Writes a file below the folder and returns its path.
    std::filesystem::path write(std::string_view name, std::string_view content) const;

  private:
    std::filesystem::path path_;
};

/// The whole file; fails the test when it cannot be read.
std::string read_text(const std::filesystem::path& path);

}  // namespace assay::test
