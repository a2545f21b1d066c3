#include "tests/support/temporary_folder.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "core/base/files.hpp"

namespace assay::test {

TemporaryFolder::TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "assay-test-XXXXXX").string();
    const char* const made = ::mkdtemp(pattern.data());
    REQUIRE(made != nullptr);
    path_ = made;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;  // a leftover folder in /tmp is no reason to fail a test
    std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path TemporaryFolder::write(std::string_view name,
                                             std::string_view content) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream stream(file, std::ios::binary);
    stream << content;
    stream.close();
    REQUIRE(stream.good());
    return file;
}

std::string read_text(const std::filesystem::path& path) {
    auto content = read_file(path, 1U << 30U);
    if (!content) FAIL(content.error().message);
    return std::move(*content);
}

}  // namespace assay::test
