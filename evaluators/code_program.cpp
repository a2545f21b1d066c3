#include "evaluators/code_program.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <utility>

#include "core/base/files.hpp"
#include "core/base/hash.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "evaluators/comment.hpp"

namespace assay {
namespace {

constexpr std::size_t k_name_columns_max = 60;
constexpr std::size_t k_reason_columns_max = 500;

// ---- parameters -------------------------------------------------------------------------------

/// Reads "512MB", "8 kB", "1GB" (binary multiples) or a bare number of bytes.
Result<std::uint64_t> parse_bytes(std::string_view text) {
    struct Multiple {
        std::string_view unit;
        unsigned shift;
    };
    constexpr Multiple k_multiples[] = {{"kb", 10}, {"mb", 20}, {"gb", 30}, {"", 0}, {"b", 0}};
    const std::string lower = to_lower_ascii(trim(text));
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(lower.data(), lower.data() + lower.size(), number);
    const std::string_view unit =
        trim(std::string_view(lower).substr(static_cast<std::size_t>(end - lower.data())));
    for (const Multiple& multiple : k_multiples) {
        const bool fits = number > 0 && number <= (UINT64_MAX >> 1U) >> multiple.shift;
        if (unit == multiple.unit && error == std::errc() && fits) return number << multiple.shift;
    }
    return failure(ErrorCode::invalid_argument,
                   fmt::format("{} is no amount of memory such as 512MB", quoted_excerpt(text)));
}

Result<void> read_bytes(const Json& sandbox, const char* key, std::uint64_t& bytes) {
    if (!sandbox.contains(key)) return {};
    auto read = parse_bytes(as_text(sandbox[key]));
    if (!read) {
        return failure(read.error().code,
                       fmt::format("\"sandbox\": {}: {}", key, read.error().message));
    }
    bytes = *read;
    return {};
}

Result<void> read_time(const Json& sandbox, const char* key, std::chrono::milliseconds& time) {
    if (!sandbox.contains(key)) return {};
    auto read = parse_duration(as_text(sandbox[key]));
    if (!read) {
        return failure(read.error().code,
                       fmt::format("\"sandbox\": {}: {}", key, read.error().message));
    }
    time = *read;
    return {};
}

/// A path that the sandbox is asked to show; the kernel's own files would show it everything.
Result<std::filesystem::path> shown_path(const std::string& text,
                                         const std::filesystem::path& folder) {
    const std::filesystem::path path = (folder / text).lexically_normal();
    const std::string first = path.begin() == path.end() ? "" : std::next(path.begin())->string();
    if (path == "/" || first == "proc" || first == "sys" || first == "dev") {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("\"sandbox\": read: {} would show the whole machine; name the "
                                   "folders that the program needs",
                                   quoted_excerpt(text)));
    }
    return path;
}

Result<SandboxSpec> read_sandbox(const Json& sandbox, const std::filesystem::path& folder,
                                 SandboxSpec spec) {
    spec.network = sandbox.value("network", false);
    spec.processes = sandbox.value("processes", spec.processes);
    spec.environment = sandbox.value("env", std::vector<std::string>());
    ASSAY_CHECK(read_bytes(sandbox, "memory", spec.memory_bytes));
    ASSAY_CHECK(read_bytes(sandbox, "disk", spec.disk_bytes));
    ASSAY_CHECK(read_time(sandbox, "cpu", spec.cpu));
    ASSAY_CHECK(read_time(sandbox, "wall", spec.wall));
    for (const Json& path : sandbox.value("read", Json::array())) {
        ASSAY_TRY(std::filesystem::path shown, shown_path(path.get<std::string>(), folder));
        spec.read.push_back(std::move(shown));
    }
    return spec;
}

// ---- answers ----------------------------------------------------------------------------------

std::unexpected<Error> bad_answer(std::string_view why) {
    return failure(ErrorCode::invalid_argument, fmt::format("the program's answer {}", why));
}

std::string safe_reason(const Json& reason) {
    return fit_width(terminal_safe(as_text(reason)), k_reason_columns_max);
}

Result<Score> read_score(const Json& score) {
    if (!score.is_object() || !score.contains("value")) {
        return bad_answer("has a score without \"value\"");
    }
    const Json name = score.value("name", Json(""));
    const Json comment = score.value("comment", Json(""));
    if (!name.is_string() && !name.is_null())
        return bad_answer("has a score whose name is no text");
    auto value = score_value_from_json(score["value"]);
    if (!value) {
        return bad_answer(
            fmt::format("has the value {}, which is no finite number, text or "
                        "true/false",
                        quoted_excerpt(to_text(score["value"]))));
    }
    return Score{.name = name.is_null() ? std::string() : name.get<std::string>(),
                 .value = std::move(*value),
                 .comment = comment.is_null() ? std::string() : as_text(comment)};
}

/// A parameter's message with the parameter before it, where it is shown.
std::unexpected<Error> at(std::string_view key, const Error& error) {
    return failure(error.code, fmt::format("\"{}\": {}", key, error.message));
}

}  // namespace

Result<CodeProgram> make_code_program(const Json& parameters,
                                      const EvaluatorEnvironment& environment,
                                      SandboxSpec defaults) {
    const auto command = parameters.at("command").get<std::vector<std::string>>();
    const Json sandbox = parameters.value("sandbox", Json::object());
    const ProcessOptions options{.command = command,
                                 .folder = environment.folder,
                                 .output_bytes_max = limits::k_scorer_line_bytes_max};
    LineProgram program{
        .name = fit_width(fmt::format("{}", fmt::join(command, " ")), k_name_columns_max),
        .time_limit_name = "sandbox.wall",
        .workers_max = environment.workers_max,
        .next_process = [options] { return Result<ProcessOptions>(options); }};
    if (sandbox == "none") {
        program.time_limit_name = "execution.unit_deadline";
        return CodeProgram{.program = std::move(program), .wall = std::nullopt};
    }
    ASSAY_TRY(const SandboxSpec spec,
              read_sandbox(sandbox, environment.folder, std::move(defaults)));
    if (environment.will_run) {
        const auto available = sandbox_available();
        if (!available) return at("sandbox", available.error());
        const auto startable = in_sandbox(spec, options);
        if (!startable) return at("command", startable.error());
    }
    program.usage = UsageLimits{.cpu = spec.cpu, .memory_bytes = spec.memory_bytes};
    program.next_process = [spec, options] { return in_sandbox(spec, options); };
    return CodeProgram{.program = std::move(program), .wall = spec.wall};
}

std::string fingerprint_of_command(const std::vector<std::string>& command,
                                   const std::filesystem::path& folder) {
    Json files = Json::array();
    for (std::size_t i = 1; i < command.size(); ++i) {  // 0 is the interpreter, or found on PATH
        std::error_code ignored;
        const std::filesystem::path path = folder / command[i];
        if (!std::filesystem::is_regular_file(path, ignored)) continue;
        const auto content = read_file(path, limits::k_spec_bytes_max);
        if (content) files.push_back({command[i], sha256_hex(*content)});
    }
    return files.empty() ? std::string() : sha256_hex(to_text(files));
}

std::vector<DeclaredScore> declared_code_scores(const Json& parameters) {
    if (!parameters.contains("scores")) return {{}};
    std::vector<DeclaredScore> scores;
    for (const auto& [name, type] : parameters["scores"].items()) {
        DeclaredScore score{.name = name};
        if (type == "number") score.data_type = ScoreDataType::numeric;
        if (type == "boolean") score.data_type = ScoreDataType::boolean;
        if (type == "category") score.data_type = ScoreDataType::categorical;
        scores.push_back(std::move(score));
    }
    return scores;
}

Result<std::vector<Score>> read_code_answer(const Json& answer) {
    if (!answer.is_object()) return bad_answer("is no object");
    if (answer.contains("error") && !answer["error"].is_null()) {
        return failure(ErrorCode::unavailable,
                       fmt::format("the program reports: {}", safe_reason(answer["error"])));
    }
    if (!answer.contains("scores") || !answer["scores"].is_array()) {
        return bad_answer("has neither a list \"scores\" nor \"error\"");
    }
    const Json& given = answer["scores"];
    if (given.empty()) return bad_answer("has no score");
    if (given.size() > limits::k_scorer_scores_max) {
        return bad_answer(fmt::format("has {} scores; at most {} are read", given.size(),
                                      limits::k_scorer_scores_max));
    }
    std::vector<Score> scores;
    for (const Json& score : given) {
        ASSAY_TRY(Score read, read_score(score));
        scores.push_back(std::move(read));
    }
    return scores;
}

Result<std::vector<Score>> parse_code_answer(std::string_view answer) {
    const auto parsed = parse_json(answer);
    if (!parsed) return bad_answer("is not JSON: " + quoted_excerpt(answer));
    return read_code_answer(*parsed);
}

}  // namespace assay
