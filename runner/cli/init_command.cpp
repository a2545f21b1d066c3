#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "core/base/files.hpp"
#include "core/base/text.hpp"
#include "runner/cli/commands.hpp"
#include "runner/cli/init_texts.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t k_gitignore_bytes_max = 1U << 20U;
constexpr std::string_view k_ignored = ".assay/";  ///< the store does not belong into a repository

struct NewFile {
    const char* path;
    std::string_view text;
};

std::array<NewFile, 3> new_files() {
    return {{{"reviews.eval.yaml", k_reviews_eval_yaml},
             {"reviews.jsonl", k_reviews_jsonl},
             {".github/workflows/eval.yml", k_eval_yml}}};
}

/// Refuses as a whole: half a project would be worse than none.
/// @error already_exists with every file that is in the way.
Result<void> refuse_existing(const fs::path& folder) {
    std::string found;
    for (const NewFile& file : new_files()) {
        std::error_code error;
        const fs::file_status status = fs::symlink_status(folder / file.path, error);
        if (fs::exists(status)) found += "\n  " + (folder / file.path).string();
    }
    if (found.empty()) return {};
    return failure(ErrorCode::already_exists,
                   "nothing was written, because these exist already; move them away or name "
                   "another folder:" +
                       found);
}

/// Adds the store to .gitignore, unless it is there.
/// @return whether it was added.
Result<bool> ignore_store(const fs::path& path) {
    std::string content;
    std::error_code ignored;
    if (fs::exists(path, ignored)) {
        ASSAY_TRY(content, read_file(path, k_gitignore_bytes_max));
    }
    for (const std::string_view line : split(content, '\n')) {
        const std::string_view entry = trim(line);
        if (entry == k_ignored || entry == ".assay" || entry == "/.assay/") return false;
    }
    if (!content.empty() && !content.ends_with('\n')) content += '\n';
    ASSAY_CHECK(write_file_atomically(path, fmt::format("{}{}\n", content, k_ignored)));
    return true;
}

Result<ExitCode> write_project(const fs::path& folder) {
    ASSAY_CHECK(refuse_existing(folder));
    for (const NewFile& file : new_files()) {
        ASSAY_CHECK(write_file_atomically(folder / file.path, file.text));
        print_out(fmt::format("wrote {}\n", (folder / file.path).lexically_normal().string()));
    }
    const fs::path gitignore = (folder / ".gitignore").lexically_normal();
    ASSAY_TRY(const bool added, ignore_store(gitignore));
    if (added) print_out(fmt::format("added {} to {}\n", k_ignored, gitignore.string()));

    const fs::path here = folder.lexically_normal();
    print_out("\nNext:\n");
    if (here != ".") print_out(fmt::format("  cd {}\n", here.string()));
    print_out(
        "  assay run reviews.eval.yaml    # needs no key: the answers are recorded\n"
        "  assay show latest --failed     # the reviews that were judged wrongly\n"
        "Then put your own rows into reviews.jsonl; reviews.eval.yaml says how to ask a model.\n");
    return ExitCode::ok;
}

}  // namespace

ExitCode init_command(const InitArguments& arguments, const Console& /*console*/) {
    return end_with(write_project(arguments.folder));
}

}  // namespace assay
