#include "core/base/files.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/temporary_folder.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;

std::size_t entries_in(const fs::path& folder) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

/// All lines of a file, or "error: ..." as the last one.
std::vector<std::string> lines_of(const fs::path& path, std::size_t line_bytes_max = 1U << 20U) {
    auto reader = LineReader::open(path, line_bytes_max);
    if (!reader) return {"error: " + reader.error().message};
    std::vector<std::string> lines;
    while (true) {
        const auto line = reader->next();
        if (!line) {
            lines.push_back("error: " + line.error().message);
            return lines;
        }
        if (!*line) return lines;
        CHECK((*line)->number == lines.size() + 1);
        lines.emplace_back((*line)->text);
    }
}

using Lines = std::vector<std::string>;

/// Makes writing past `bytes` fail with EFBIG, as a full disk does with ENOSPC.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) {
        old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
        REQUIRE(::getrlimit(RLIMIT_FSIZE, &old_) == 0);
        const rlimit limited{bytes, old_.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &limited) == 0);
    }
    ~FileSizeLimit() {
        (void)::setrlimit(RLIMIT_FSIZE, &old_);  // the soft limit can always go back up
        (void)std::signal(SIGXFSZ, old_handler_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

  private:
    rlimit old_{};
    void (*old_handler_)(int) = nullptr;
};

}  // namespace

TEST_CASE("files: a whole file is read byte for byte", "[files]") {
    const TemporaryFolder folder;
    const std::string content("a\0b\r\n\xFF", 6);
    CHECK(*read_file(folder.write("a", content), 100) == content);
    CHECK(*read_file(folder.write("empty", ""), 0) == "");
    const std::string large(300'000, 'x');
    CHECK(*read_file(folder.write("large", large), 300'000) == large);
}

TEST_CASE("files: a file at its limit is read and one byte more is refused", "[files][limits]") {
    const TemporaryFolder folder;
    const fs::path file = folder.write("a", std::string(2U << 20U, 'x'));
    CHECK(read_file(file, 2U << 20U)->size() == 2U << 20U);
    const auto refused = read_file(file, (2U << 20U) - 1);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::resource_exhausted);
    CHECK_THAT(refused.error().message, Catch::StartsWith(file.string() + " is larger than"));
}

TEST_CASE("files: what cannot be read is named with the reason", "[files]") {
    const TemporaryFolder folder;
    const auto missing = read_file(folder.path() / "absent", 100);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::not_found);
    CHECK(missing.error().message ==
          "cannot read " + (folder.path() / "absent").string() + ": there is no such file");

    const auto below_file = read_file(folder.write("f", "") / "x", 100);
    REQUIRE_FALSE(below_file);
    CHECK(below_file.error().code == ErrorCode::not_found);

    const auto is_folder = read_file(folder.path(), 100);
    REQUIRE_FALSE(is_folder);
    CHECK(is_folder.error().code == ErrorCode::invalid_argument);
    CHECK_THAT(is_folder.error().message, Catch::Contains("it is a folder, not a file"));
}

TEST_CASE("files: errors of the system are told in plain words", "[files]") {
    const auto code = [](int number) { return file_error(number, "write", "x").code; };
    CHECK(code(EACCES) == ErrorCode::permission_denied);
    CHECK(code(EPERM) == ErrorCode::permission_denied);
    CHECK(code(EROFS) == ErrorCode::permission_denied);
    CHECK(code(ENOSPC) == ErrorCode::resource_exhausted);
    CHECK(code(EDQUOT) == ErrorCode::resource_exhausted);
    CHECK(code(EFBIG) == ErrorCode::resource_exhausted);
    CHECK(code(EIO) == ErrorCode::unavailable);
    CHECK(file_error(ENOSPC, "write", "out.json").message ==
          "cannot write out.json: the disk is full; free some space and run again");
}

TEST_CASE("files: a file is replaced as a whole and leaves nothing beside it", "[files]") {
    const TemporaryFolder folder;
    const fs::path file = folder.write("a.json", "old");
    REQUIRE(write_file_atomically(file, "new content"));
    CHECK(test::read_text(file) == "new content");
    REQUIRE(write_file_atomically(folder.path() / "x" / "y" / "b", "made the folders"));
    CHECK(test::read_text(folder.path() / "x" / "y" / "b") == "made the folders");
    REQUIRE(write_file_atomically(file, ""));
    CHECK(test::read_text(file).empty());
    CHECK(entries_in(folder.path()) == 2);
}

TEST_CASE("files: nothing is visible before commit", "[files]") {
    const TemporaryFolder folder;
    const fs::path file = folder.write("a", "old");
    {
        auto writer = AtomicFileWriter::create(file);
        REQUIRE(writer);
        REQUIRE(writer->write("part"));
        CHECK(test::read_text(file) == "old");
    }
    CHECK(test::read_text(file) == "old");
    CHECK(entries_in(folder.path()) == 1);

    auto writer = AtomicFileWriter::create(file);
    REQUIRE(writer);
    REQUIRE(writer->write("one "));
    REQUIRE(writer->write(""));
    REQUIRE(writer->write("two"));
    REQUIRE(writer->commit());
    CHECK(test::read_text(file) == "one two");
    CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("files: two writers of one file do not touch each other's part", "[files]") {
    const TemporaryFolder folder;
    const fs::path file = folder.path() / "a";
    auto first = AtomicFileWriter::create(file);
    auto second = AtomicFileWriter::create(file);
    REQUIRE(first);
    REQUIRE(second);
    REQUIRE(first->write("one"));
    REQUIRE(second->write("the other"));
    REQUIRE(first->commit());
    CHECK(test::read_text(file) == "one");
    REQUIRE(second->commit(Durability::none));
    CHECK(test::read_text(file) == "the other");
    CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("files: what a writer that died left behind is in nobody's way", "[files]") {
    const TemporaryFolder folder;
    const fs::path file = folder.path() / "a";
    const fs::path left = folder.write("a." + std::to_string(::getpid()) + ".0.tmp", "half");
    REQUIRE(write_file_atomically(file, "whole", Durability::none));
    CHECK(test::read_text(file) == "whole");
    CHECK(test::read_text(left) == "half");
}

TEST_CASE("files: a writer that is moved from gives up its file", "[files]") {
    const TemporaryFolder folder;
    auto first = AtomicFileWriter::create(folder.path() / "a");
    auto second = AtomicFileWriter::create(folder.path() / "b");
    REQUIRE(first);
    REQUIRE(second);
    *second = std::move(*first);
    CHECK(entries_in(folder.path()) == 1);
    REQUIRE(second->write("moved"));
    REQUIRE(second->commit());
    CHECK(test::read_text(folder.path() / "a") == "moved");
    CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("files: writing where it cannot be is refused with the path", "[files]") {
    const TemporaryFolder folder;
    const fs::path file = folder.write("file", "");
    for (const fs::path& path : {file / "below", fs::path("/proc/assay-test"), folder.path()}) {
        const auto refused = write_file_atomically(path, "x");
        REQUIRE_FALSE(refused);
        CHECK_THAT(refused.error().message, Catch::Contains(path.string()));
    }
    CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("files: a write that fails midway keeps the old file and no part of the new", "[files]") {
    const TemporaryFolder folder;
    const fs::path file = folder.write("a", "old");
    {
        const FileSizeLimit limit(100'000);
        const auto refused = write_file_atomically(file, std::string(300'000, 'x'));
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::resource_exhausted);
        CHECK_THAT(refused.error().message, Catch::Contains(file.string()));
        // Small enough for the buffer: only the commit finds out.
        auto writer = AtomicFileWriter::create(file);
        REQUIRE(writer);
        for (int i = 0; i < 101; ++i) (void)writer->write(std::string(1000, 'x'));
        REQUIRE_FALSE(writer->commit());
    }
    CHECK(test::read_text(file) == "old");
    CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("files: lines end with a newline or a carriage return and a newline", "[files]") {
    const TemporaryFolder folder;
    CHECK(lines_of(folder.write("a", "a\nb\r\n\nc")) == Lines{"a", "b", "", "c"});
    CHECK(lines_of(folder.write("b", "a\n")) == Lines{"a"});
    CHECK(lines_of(folder.write("c", "")).empty());
    CHECK(lines_of(folder.write("d", "\n\n")) == Lines{"", ""});
    CHECK(lines_of(folder.write("e", "a\rb\n")) == Lines{"a\rb"});
    CHECK(lines_of(folder.write("f", std::string("a\0b\n", 4))) == Lines{std::string("a\0b", 3)});
}

TEST_CASE("files: a byte-order mark is skipped at the start only", "[files]") {
    const TemporaryFolder folder;
    CHECK(lines_of(folder.write("a",
                                "\xEF\xBB\xBF"
                                "a\n\xEF\xBB\xBF"
                                "b\n")) == Lines{"a",
                                                 "\xEF\xBB\xBF"
                                                 "b"});
    CHECK(lines_of(folder.write("b", "\xEF\xBB\xBF")).empty());
    CHECK(lines_of(folder.write("c", "\xEF\xBB")) == Lines{"\xEF\xBB"});
}

TEST_CASE("files: lines across the reader's buffer arrive whole", "[files]") {
    const TemporaryFolder folder;
    Lines expected;
    std::string content;
    for (std::size_t length = 0; content.size() < (900U << 10U); length = length * 3 + 1) {
        expected.emplace_back(length % 200'000, static_cast<char>('a' + expected.size() % 26));
        content += expected.back() + (expected.size() % 2 == 0 ? "\n" : "\r\n");
        if (length > 1'000'000) length = 5;
    }
    CHECK(lines_of(folder.write("a", content)) == expected);
}

TEST_CASE("files: a line at the limit is read and a longer one is refused with its number",
          "[files][limits]") {
    const TemporaryFolder folder;
    const std::string ten(10, 'x');
    CHECK(lines_of(folder.write("a", ten + "\n" + ten), 10) == Lines{ten, ten});
    const fs::path file = folder.write("b", "ok\n" + ten + "x\nok\n");
    const Lines refused = lines_of(file, 10);
    REQUIRE(refused.size() == 2);
    CHECK_THAT(refused[1], Catch::StartsWith("error: " + file.string() + ":2: the line is longer"));
}

TEST_CASE("files: an endless line is refused without reading all of it", "[files][limits]") {
    const auto refused = lines_of("/dev/zero", 1U << 20U);
    REQUIRE(refused.size() == 1);
    CHECK_THAT(refused[0], Catch::Contains(":1: the line is longer than 1 MB"));
}

TEST_CASE("files: lines of what is no file are refused", "[files]") {
    const TemporaryFolder folder;
    const auto missing = LineReader::open(folder.path() / "absent", 10);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::not_found);
    const auto is_folder = LineReader::open(folder.path(), 10);
    REQUIRE_FALSE(is_folder);
    CHECK(is_folder.error().code == ErrorCode::invalid_argument);
}

}  // namespace assay
