#include <fmt/format.h>

#include <algorithm>

#include "configs/spec_parts.hpp"
#include "core/base/files.hpp"
#include "core/base/hash.hpp"
#include "core/base/limits.hpp"

namespace assay {
namespace fs = std::filesystem;

std::string nearest_file(const fs::path& missing) {
    constexpr std::size_t k_names_max = 1000;
    std::vector<std::string> names;
    std::error_code error;
    const fs::path folder = missing.has_parent_path() ? missing.parent_path() : fs::path(".");
    for (auto at = fs::directory_iterator(folder, error);
         !error && at != fs::directory_iterator() && names.size() < k_names_max;
         at.increment(error)) {
        names.push_back(at->path().filename().string());
    }
    std::ranges::sort(names);
    return did_you_mean(missing.filename().string(), names);
}

std::optional<fs::path> SpecFiles::locate(const SpecReader& where,
                                          const std::string& written) const {
    const fs::path path = folder_ / written;
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::regular) return path;
    if (status.type() == fs::file_type::not_found) {
        where.mistake(fmt::format("{} names the file \"{}\", which does not exist{}", where.title(),
                                  written, nearest_file(path)));
    } else if (error) {
        where.mistake(fmt::format("{} names the file \"{}\", which cannot be read: {}",
                                  where.title(), written, error.message()));
    } else {
        where.mistake(fmt::format("{} names \"{}\", which is {}, not a file", where.title(),
                                  written, fs::is_directory(status) ? "a folder" : "a device"));
    }
    return std::nullopt;
}

const SpecFiles::File* SpecFiles::read(const SpecReader& where, const std::string& written,
                                       std::uint64_t bytes_max) {
    if (const auto known = files_.find(written); known != files_.end()) return &known->second;
    const auto path = locate(where, written);
    if (!path) return nullptr;
    auto content = read_file(*path, bytes_max);
    if (!content) {
        where.mistake(std::move(content.error().message));
        return nullptr;
    }
    return &files_.emplace(written, File{path->string(), std::move(*content)}).first->second;
}

const StoredPrompt* SpecFiles::read(const SpecReader& where, const StoredPromptName& name) {
    const std::string key = name.name + (name.version ? fmt::format(" v{}", *name.version)
                                                      : fmt::format(" @{}", name.label));
    if (const auto known = prompts_.find(key); known != prompts_.end()) return &known->second;
    if (!stored_prompts_) {
        where.mistake(fmt::format("{} names a stored prompt, and there is no store to read it from",
                                  where.title()));
        return nullptr;
    }
    auto prompt = stored_prompts_(name);
    if (!prompt) {
        where.mistake(fmt::format("{}: {}", where.title(), prompt.error().message));
        return nullptr;
    }
    return &prompts_.emplace(key, std::move(*prompt)).first->second;
}

std::optional<Json> SpecFiles::value_or_file(const SpecReader& where) {
    if (!where.value().is_string()) return where.value();
    const auto written = where.text();
    const File* const file = written ? read(where, *written) : nullptr;
    if (file == nullptr) return std::nullopt;
    LocatedDocument document = parse_located(file->content, file->name);
    if (document.diagnostics.empty()) return std::move(document.value);
    std::ranges::move(document.diagnostics, std::back_inserter(*where.source().diagnostics));
    return std::nullopt;
}

std::optional<Json> SpecFiles::schema_or_file(const SpecReader& where) {
    auto schema = value_or_file(where);
    if (!schema || schema->is_object() || schema->is_boolean()) return schema;
    where.mistake(
        fmt::format("{} must be a JSON Schema, which is a map, or the name of a file "
                    "that holds one, not {}",
                    where.title(), type_phrase(*schema)));
    return std::nullopt;
}

std::string SpecFiles::fingerprint() const {
    std::string text;
    for (const auto& [written, file] : files_) {
        text += fmt::format("{} {}\n", sha256_hex(file.content), written);
    }
    for (const auto& [key, prompt] : prompts_) {
        text += fmt::format("{} prompt {}\n", sha256_hex(to_text(prompt.content)), key);
    }
    return text;
}

}  // namespace assay
