#include "core/process/program_files.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "core/base/text.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr int k_steps_max = 32;  // links and first lines; more is a circle
constexpr std::streamsize k_first_line_bytes_max = 256;

bool is_program(const fs::path& path) {
    std::error_code ignored;  // what cannot be looked at cannot be run
    return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

fs::path find_on_path(const std::string& name) {
    const char* const path = std::getenv("PATH");
    for (const std::string_view folder : split(path == nullptr ? "/usr/bin:/bin" : path, ':')) {
        // An empty one is the working directory (POSIX), which also an empty PATH consists of.
        fs::path candidate = fs::absolute(folder.empty() ? "." : folder).lexically_normal() / name;
        if (is_program(candidate)) return candidate;
    }
    return {};
}

bool is_within(const fs::path& path, const fs::path& folder) {
    const auto [end, _] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
    return end == folder.end();
}

/// The words after `#!`, without `env` and its options: what runs the script.
std::string interpreter_of(const fs::path& script) {
    std::ifstream file(script, std::ios::binary);
    std::string line(static_cast<std::size_t>(k_first_line_bytes_max), '\0');
    file.read(line.data(), k_first_line_bytes_max);
    line.resize(static_cast<std::size_t>(file.gcount()));
    if (!line.starts_with("#!")) return {};
    line = line.substr(2, line.find('\n') - 2);
    for (const std::string_view word : split(line, ' ')) {
        const bool is_env = word.ends_with("/env") || word.starts_with('-');
        if (!word.empty() && !is_env) return std::string(trim(word));
    }
    return {};
}

void add_installation(const fs::path& program, std::vector<fs::path>& needed) {
    const fs::path folder = program.parent_path();
    const std::string name = folder.filename().string();
    const bool has_home = name == "bin" || name == "sbin" || name == "shims" || name == "libexec";
    const char* const home = std::getenv("HOME");
    // A program that is no part of an installation needs only itself; nobody's whole home folder is
    // one, though many have a bin in it.
    const bool is_home = home != nullptr && folder.parent_path() == home;
    const fs::path part = has_home && !is_home ? folder.parent_path() : program;
    const bool is_there = part == "/" || is_within(part, "/usr") || is_within(part, "/bin") ||
                          std::ranges::find(needed, part) != needed.end();
    if (!is_there) needed.push_back(part);
}

}  // namespace

Result<ProgramFiles> find_program_files(const std::string& name, const fs::path& folder) {
    const auto locate = [&folder](const std::string& word) {
        if (word.find('/') == std::string::npos) return find_on_path(word);
        return (folder / word).lexically_normal();
    };
    ProgramFiles files{.program = locate(name)};
    if (!is_program(files.program)) {
        return failure(
            ErrorCode::not_found,
            fmt::format("there is no program \"{}\" that can be run; is it installed, "
                        "executable (chmod +x) and {}?",
                        name, name.find('/') == std::string::npos ? "on PATH" : "the path right"));
    }
    fs::path at = files.program;
    for (int step = 0; step < k_steps_max && !at.empty(); ++step) {
        add_installation(at, files.needed);
        std::error_code ignored;                           // what is no link is the file itself
        const fs::path real = fs::canonical(at, ignored);  // also through links above it
        if (!real.empty()) add_installation(real, files.needed);
        if (fs::is_symlink(at, ignored)) {
            at = (at.parent_path() / fs::read_symlink(at, ignored)).lexically_normal();
            continue;
        }
        const std::string interpreter = interpreter_of(at);
        at = interpreter.empty() ? fs::path() : locate(interpreter);
    }
    return files;
}

}  // namespace assay
