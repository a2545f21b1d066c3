#include "runner/cli/prepare.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "core/base/files.hpp"
#include "core/base/text.hpp"
#include "runner/cli/repository.hpp"
#include "runner/cli/run_programs.hpp"
#include "runner/report/report.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_env_line_bytes_max = 64U << 10U;

/// Gates keep their place for whoever reads the report in the repository later; those of the
/// command line stand in the spec as a whole.
void name_place_in_repository(Place& place, const std::string& spec) {
    if (place.file.empty() || place.file.starts_with("--")) place = {.file = spec};
    place.file = path_in_repository(place.file);
}

}  // namespace

std::optional<Experiment> prepare_experiment(const std::string& spec, const LoadOptions& load,
                                             const BindOptions& bind, Diagnostics& diagnostics) {
    LoadedSpec loaded = load_spec(spec, load);
    const SourceMap places = loaded.places;
    auto experiment = bind_experiment(std::move(loaded), bind, diagnostics);
    if (!experiment) return std::nullopt;
    const ReportPlan& plan = experiment->report_plan;
    for (const RunEvaluator& evaluator : plan.run_evaluators) {
        std::string problem =
            check_run_evaluator(evaluator, plan.scores, experiment->spec.repetitions);
        if (!problem.empty()) {
            diagnostics.push_back({places.find(evaluator.pointer), std::move(problem)});
        } else if (is_program(evaluator)) {
            std::vector<ParameterMistake> mistakes;
            check_program(experiment->spec, evaluator, bind.keys_needed, mistakes);
            for (ParameterMistake& mistake : mistakes) {
                diagnostics.push_back(
                    {places.find(evaluator.pointer + mistake.pointer),
                     fmt::format("run evaluator \"{}\": {}", evaluator.name, mistake.message)});
            }
        }
    }
    for (const Gate& gate : plan.gates) {
        std::string problem = check_gate(gate, plan);
        if (!problem.empty()) diagnostics.push_back({gate.place, std::move(problem)});
    }
    if (plan.stop) {
        std::string problem = check_stop(plan);
        if (problem.empty() && experiment->spec.dataset.cluster) {
            problem =
                "`stop` looks at items one by one, and `dataset.cluster` says that they come "
                "in groups; take one of the two out";
        }
        if (!problem.empty()) diagnostics.push_back({places.find("/stop"), std::move(problem)});
    }
    if (!diagnostics.empty()) return std::nullopt;
    for (Gate& gate : experiment->report_plan.gates) {
        name_place_in_repository(gate.place, spec);
    }
    return experiment;
}

Result<void> read_env_file(const std::string& path) {
    if (path.empty()) return {};
    ASSAY_TRY(LineReader reader, LineReader::open(path, k_env_line_bytes_max));
    while (true) {
        ASSAY_TRY(const auto line, reader.next());
        if (!line) return {};
        std::string_view text = trim(line->text);
        if (text.empty() || text.starts_with('#')) continue;
        if (text.starts_with("export ")) text = trim(text.substr(7));
        const std::size_t equals = text.find('=');
        if (equals == std::string_view::npos || equals == 0) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("{}:{}: write NAME=VALUE", path, line->number));
        }
        std::string_view value = trim(text.substr(equals + 1));
        const bool quoted = value.size() >= 2 && value.front() == value.back() &&
                            (value.front() == '"' || value.front() == '\'');
        if (quoted) value = value.substr(1, value.size() - 2);
        const std::string name(trim(text.substr(0, equals)));
        ::setenv(name.c_str(), std::string(value).c_str(), 0);
    }
}

}  // namespace assay
