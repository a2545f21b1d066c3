// Datasets of a store or a server.
#include <fmt/format.h>

#include "core/base/text.hpp"
#include "runner/cli/commands.hpp"
#include "runner/cli/dataset_import.hpp"
#include "runner/cli/exported_lines.hpp"
#include "runner/cli/open_source.hpp"

namespace assay {
namespace {

std::string minute_of(Time time) {
    std::string text = to_rfc3339(time).substr(0, 16);
    text[10] = ' ';
    return text;
}

Result<void> check_arguments(const DatasetsArguments& arguments) {
    const auto refuse = [](std::string message) {
        return failure(ErrorCode::invalid_argument, std::move(message));
    };
    const std::string& action = arguments.action;
    const bool is_import = action == "import";
    if (action == "list" && !arguments.target.empty()) {
        return refuse("`assay datasets list` takes no NAME");
    }
    if (is_import && (arguments.target.empty() || arguments.name.empty())) {
        return refuse("`assay datasets import` takes one FILE, and --name NAME for the dataset");
    }
    if (action != "list" && arguments.target.empty()) {
        return refuse(
            fmt::format("`assay datasets {}` takes one NAME; `assay datasets` lists them", action));
    }
    if (!is_import && !arguments.name.empty()) {
        return refuse(fmt::format("--name goes with `assay datasets import`, not with {}", action));
    }
    if (!is_import && arguments.dry_run) {
        return refuse(
            fmt::format("--dry-run goes with `assay datasets import`, not with {}", action));
    }
    if ((action == "list" || is_import) && !arguments.version.empty()) {
        return refuse(fmt::format(
            "--version goes with `assay datasets show` and export, not with {}", action));
    }
    if (action != "export" && !arguments.out.empty()) {
        return refuse(fmt::format("--out goes with `assay datasets export`, not with {}", action));
    }
    if (action == "export" && arguments.json) {
        return refuse("`assay datasets export` writes JSON lines; --json goes with the others");
    }
    return {};
}

/// One command on one store or server.
class DatasetsCommand {
  public:
    DatasetsCommand(const DatasetsArguments& arguments, const Console& console,
                    std::optional<Time> at, DatasetSource& source)
        : arguments_(arguments), console_(console), at_(at), source_(source) {}

    [[nodiscard]] Result<ExitCode> run() {
        if (arguments_.action == "show") return show();
        if (arguments_.action == "export") return export_items();
        if (arguments_.action == "import") return import_dataset(arguments_, console_, source_);
        return list();
    }

  private:
    [[nodiscard]] Result<DatasetRecord> named_dataset();
    [[nodiscard]] Result<OrderedJson> describe(const DatasetRecord& dataset);

    [[nodiscard]] Result<ExitCode> list();
    [[nodiscard]] Result<ExitCode> show();
    [[nodiscard]] Result<ExitCode> export_items();

    const DatasetsArguments& arguments_;
    const Console& console_;
    std::optional<Time> at_;  ///< as it was then; nothing = now
    DatasetSource& source_;
};

Result<DatasetRecord> DatasetsCommand::named_dataset() {
    ASSAY_TRY(auto dataset, source_.find(arguments_.target));
    if (dataset) return std::move(*dataset);
    ASSAY_TRY(const auto all, source_.list());
    std::vector<std::string> names;
    for (const DatasetRecord& each : all) names.push_back(terminal_safe(each.name));
    const std::string nearest = did_you_mean(arguments_.target, names);
    return failure(ErrorCode::not_found,
                   fmt::format("there is no dataset \"{}\"{}", terminal_safe(arguments_.target),
                               nearest.empty() ? fmt::format("; `assay datasets{}` lists them",
                                                             arguments_.source_options())
                                               : nearest));
}

Result<OrderedJson> DatasetsCommand::describe(const DatasetRecord& dataset) {
    ASSAY_TRY(const std::int64_t items, source_.count_items(dataset, at_));
    ASSAY_TRY(const std::int64_t runs, source_.count_runs(dataset));
    OrderedJson json;
    json["id"] = dataset.id.value();
    json["name"] = dataset.name;
    json["description"] = dataset.description ? OrderedJson(*dataset.description) : OrderedJson();
    json["metadata"] = dataset.metadata;
    json["input_schema"] = dataset.input_schema;
    json["expected_output_schema"] = dataset.expected_schema;
    json["items"] = items;
    json["runs"] = runs;
    json["created_at"] = to_rfc3339(dataset.created);
    json["updated_at"] = to_rfc3339(dataset.updated);
    return json;
}

Result<ExitCode> DatasetsCommand::list() {
    ASSAY_TRY(const auto datasets, source_.list());
    OrderedJson rows = OrderedJson::array();
    for (const DatasetRecord& dataset : datasets) {
        ASSAY_TRY(OrderedJson row, describe(dataset));
        rows.push_back(std::move(row));
    }
    if (arguments_.json) {
        print_out(to_pretty_text(rows));
        return ExitCode::ok;
    }
    if (rows.empty()) {
        print_out(source_.why_empty() + "\n");
        return ExitCode::ok;
    }
    constexpr std::size_t k_fixed_columns = 9 + 7 + 18;  // items, runs, made
    const std::size_t room =
        console_.columns > k_fixed_columns + 12 ? console_.columns - k_fixed_columns : 12;
    print_out(fmt::format("{:>8} {:>6}  {:<16}  {}\n", "ITEMS", "RUNS", "MADE", "DATASET"));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const DatasetRecord& dataset = datasets[i];
        print_out(fmt::format("{:>8} {:>6}  {}  {}\n", rows[i]["items"].get<std::int64_t>(),
                              rows[i]["runs"].get<std::int64_t>(), minute_of(dataset.created),
                              fit_width(terminal_safe(dataset.name), room - 1)));
    }
    return ExitCode::ok;
}

Result<ExitCode> DatasetsCommand::show() {
    ASSAY_TRY(const DatasetRecord dataset, named_dataset());
    ASSAY_TRY(OrderedJson json, describe(dataset));
    ASSAY_TRY(const auto runs, source_.runs(dataset));
    if (arguments_.json) {
        json["runs"] = OrderedJson::array();
        for (const DatasetRunRecord& run : runs) {
            json["runs"].push_back({{"id", run.id.value()},
                                    {"name", run.name},
                                    {"created_at", to_rfc3339(run.created)}});
        }
        print_out(to_pretty_text(json));
        return ExitCode::ok;
    }
    constexpr std::size_t k_label_room = 24;
    print_out(terminal_safe(dataset.name) + "\n");
    for (const auto& [name, value] : json.items()) {
        const bool is_told = name == "name" || value.is_null();
        if (!is_told) print_field(name, Json(value), k_label_room);
    }
    if (!runs.empty()) print_out("\nRuns, the newest first:\n");
    for (const DatasetRunRecord& run : runs) {
        print_out(fmt::format("  {}  {}\n", minute_of(run.created), terminal_safe(run.name)));
    }
    return ExitCode::ok;
}

/// As a row of a dataset's file: `id: $.id` in a spec reads the ids. A row without an input is
/// taken for a mistake when it is read.
std::string row_of(const DatasetItemRecord& item) {
    OrderedJson row;
    row["id"] = item.id.value();
    row["input"] = item.input;
    if (!item.expected_output.is_null()) row["expected_output"] = item.expected_output;
    if (!item.metadata.is_null()) row["metadata"] = item.metadata;
    return to_text(row);
}

Result<ExitCode> DatasetsCommand::export_items() {
    ASSAY_TRY(const DatasetRecord dataset, named_dataset());
    ASSAY_TRY(ExportedLines lines, ExportedLines::open(arguments_.out, "items", console_));
    ASSAY_CHECK(source_.each_item(dataset, at_, [&](const DatasetItemRecord& item) -> Result<void> {
        ASSAY_CHECK(lines.write(row_of(item)));
        lines.looked_at();
        return {};
    }));
    ASSAY_CHECK(lines.finish());
    return ExitCode::ok;
}

Result<ExitCode> manage_datasets(const DatasetsArguments& arguments, const Console& console) {
    ASSAY_CHECK(check_arguments(arguments));
    std::optional<Time> at;
    if (!arguments.version.empty()) {
        ASSAY_TRY(at, parse_rfc3339(arguments.version));
    }
    const bool is_made = arguments.action == "import" && !arguments.dry_run;
    ASSAY_TRY(const auto source, open_datasets(arguments, is_made ? Database::Missing::create
                                                                  : Database::Missing::refuse));
    return DatasetsCommand(arguments, console, at, *source).run();
}

}  // namespace

ExitCode datasets_command(const DatasetsArguments& arguments, const Console& console) {
    return end_with(manage_datasets(arguments, console));
}

}  // namespace assay
