#include "runner/cli/prompt_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "configs/located_document.hpp"
#include "core/base/files.hpp"
#include "core/base/text.hpp"
#include "server/resources/prompt_rules.hpp"

namespace assay {
namespace {

constexpr std::uint64_t k_file_bytes_max = 1U << 20U;
constexpr std::size_t k_compared_lines_max = 4000;  // the time is a product
constexpr std::array<std::string_view, 2> k_text_endings = {".txt", ".md"};
constexpr std::array<std::string_view, 3> k_chat_endings = {".json", ".yaml", ".yml"};

bool is_one_of(const std::string& ending, auto endings) {
    return std::ranges::find(endings, ending) != endings.end();
}

/// A list of messages, or a map with the key `messages`.
Result<Json> parse_messages(const std::string& text, const std::string& file) {
    LocatedDocument document = parse_located(text, file);
    if (!document.diagnostics.empty()) {
        return failure(ErrorCode::invalid_argument, to_string(std::move(document.diagnostics)));
    }
    if (!document.value.is_object()) return std::move(document.value);
    return document.value.value("messages", Json());
}

/// Editors end a file with a newline that nobody means to send.
std::string without_last_newline(std::string text) {
    if (text.ends_with('\n')) text.resize(text.size() - (text.ends_with("\r\n") ? 2 : 1));
    return text;
}

Result<PromptFile> read_prompt_file(const std::filesystem::path& folder,
                                    const std::filesystem::path& path) {
    const auto in_file = [&](const std::string& message) {
        return failure(ErrorCode::invalid_argument, fmt::format("{}: {}", path.string(), message));
    };
    ASSAY_TRY(std::string text, read_file(path, k_file_bytes_max));
    if (find_invalid_utf8(text) != std::string::npos) return in_file("not valid UTF-8");
    PromptFile file{.path = path, .name = {}, .type = "text", .content = {}};
    file.name = (path.lexically_relative(folder).parent_path() / path.stem()).generic_string();
    if (const auto checked = check_prompt_name(file.name); !checked) {
        return in_file(checked.error().message);
    }
    Json content;
    if (is_one_of(path.extension(), k_chat_endings)) {
        file.type = "chat";
        ASSAY_TRY(content, parse_messages(text, path.string()));
    } else {
        content = without_last_newline(std::move(text));
    }
    auto normal = normalise_prompt(file.type, content);
    if (!normal) return in_file(normal.error().message);
    file.content = std::move(*normal);
    return file;
}

}  // namespace

Result<std::vector<PromptFile>> read_prompt_files(const std::filesystem::path& folder) {
    namespace fs = std::filesystem;
    std::error_code error;
    std::vector<PromptFile> files;
    for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
        const std::string ending = at->path().extension().string();
        const bool is_prompt =
            is_one_of(ending, k_text_endings) || is_one_of(ending, k_chat_endings);
        if (!is_prompt || !at->is_regular_file()) continue;
        ASSAY_TRY(PromptFile file, read_prompt_file(folder, at->path()));
        files.push_back(std::move(file));
    }
    if (error) {
        return failure(ErrorCode::not_found,
                       fmt::format("the folder {} cannot be read: {}; name the folder of the "
                                   "prompts",
                                   folder.string(), error.message()));
    }
    std::ranges::sort(files, {},
                      [](const PromptFile& file) { return std::tie(file.name, file.path); });
    const auto twice = std::ranges::adjacent_find(files, {}, &PromptFile::name);
    if (twice != files.end()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("{} and {} are both the prompt \"{}\"; keep one",
                                   twice->path.string(), (twice + 1)->path.string(), twice->name));
    }
    return files;
}

Result<std::filesystem::path> prompt_path(const std::filesystem::path& folder,
                                          const PromptRecord& prompt) {
    for (const std::string_view part : split(prompt.name, '/')) {
        const bool is_file_name = !part.empty() && part != "." && part != ".." &&
                                  part.find('\0') == std::string_view::npos;
        if (is_file_name) continue;
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the prompt \"{}\" has a name that is no file's",
                                   terminal_safe(prompt.name)));
    }
    return folder / (prompt.name + (prompt.type == "chat" ? ".json" : ".txt"));
}

std::string prompt_file_text(const Json& content) {
    return content.is_string() ? content.get<std::string>() + "\n" : to_pretty_text(content);
}

std::string compare_lines(std::string_view before, std::string_view after) {
    const auto a = split(before, '\n');
    const auto b = split(after, '\n');
    std::string text;
    const auto write = [&text](std::string_view mark, std::string_view line) {
        text += fmt::format("{} {}\n", mark, terminal_safe(line));
    };
    if (a.size() > k_compared_lines_max || b.size() > k_compared_lines_max) {
        return fmt::format("  {} lines and {} lines are too many to compare\n", a.size(), b.size());
    }
    // common[i][j] = how many lines a[i..] and b[j..] share, row by row.
    const std::size_t width = b.size() + 1;
    std::vector<std::uint16_t> common((a.size() + 1) * width, 0);
    for (std::size_t i = a.size(); i-- > 0;) {
        for (std::size_t j = b.size(); j-- > 0;) {
            common[i * width + j] =
                a[i] == b[j] ? static_cast<std::uint16_t>(common[(i + 1) * width + j + 1] + 1)
                             : std::max(common[(i + 1) * width + j], common[i * width + j + 1]);
        }
    }
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.size() || j < b.size()) {
        if (i < a.size() && j < b.size() && a[i] == b[j]) {
            write(" ", a[i++]);
            ++j;
        } else if (j == b.size() ||
                   (i < a.size() && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
            write("-", a[i++]);
        } else {
            write("+", b[j++]);
        }
    }
    return text;
}

}  // namespace assay
