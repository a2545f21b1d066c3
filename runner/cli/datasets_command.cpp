// The datasets of a store.
#include <fmt/format.h>

#include "core/base/files.hpp"
#include "core/base/text.hpp"
#include "runner/cli/commands.hpp"
#include "server/resources/dataset_items.hpp"
#include "server/resources/dataset_runs.hpp"
#include "server/resources/dataset_store.hpp"

namespace assay {
namespace {

std::string minute_of(Time time) {
    std::string text = to_rfc3339(time).substr(0, 16);
    text[10] = ' ';
    return text;
}

/// One command on one store, which stays as it is meanwhile.
class DatasetsCommand {
  public:
    DatasetsCommand(const DatasetsArguments& arguments, const Console& console, Session& session)
        : arguments_(arguments), console_(console), session_(session) {}

    [[nodiscard]] Result<ExitCode> run();

  private:
    [[nodiscard]] Result<void> check_arguments() const;
    [[nodiscard]] Result<DatasetRecord> named_dataset();
    [[nodiscard]] Result<std::int64_t> count_items(const DatasetRecord& dataset);
    [[nodiscard]] Result<OrderedJson> describe(const DatasetRecord& dataset);

    [[nodiscard]] Result<ExitCode> list();
    [[nodiscard]] Result<ExitCode> show();
    [[nodiscard]] Result<ExitCode> export_items();

    const DatasetsArguments& arguments_;
    const Console& console_;
    Session& session_;
    std::int64_t project_ = -1;
    std::optional<Time> at_ = std::nullopt;
};

Result<void> DatasetsCommand::check_arguments() const {
    const std::string& action = arguments_.action;
    if ((action == "list") != arguments_.name.empty()) {
        return failure(ErrorCode::invalid_argument,
                       action == "list"
                           ? std::string("`assay datasets list` takes no NAME")
                           : fmt::format("`assay datasets {}` takes one NAME; `assay datasets` "
                                         "lists them",
                                         action));
    }
    if (action == "list" && !arguments_.version.empty()) {
        return failure(ErrorCode::invalid_argument,
                       "--version goes with `assay datasets show` and export, not with list");
    }
    if (action != "export" && !arguments_.out.empty()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("--out goes with `assay datasets export`, not with {}", action));
    }
    if (action == "export" && arguments_.json) {
        return failure(ErrorCode::invalid_argument,
                       "`assay datasets export` writes JSON lines; --json goes with list and show");
    }
    return {};
}

Result<DatasetRecord> DatasetsCommand::named_dataset() {
    ASSAY_TRY(auto dataset, find_dataset(session_, project_, arguments_.name));
    if (dataset) return std::move(*dataset);
    ASSAY_TRY(const auto all, list_datasets(session_, project_, ListRange{}));
    std::vector<std::string> names;
    for (const DatasetRecord& each : all.records) names.push_back(each.name);
    return failure(ErrorCode::not_found,
                   fmt::format("there is no dataset \"{}\"{}", arguments_.name,
                               did_you_mean(arguments_.name, names)));
}

Result<std::int64_t> DatasetsCommand::count_items(const DatasetRecord& dataset) {
    ASSAY_TRY(const auto none,
              list_dataset_items(session_, {.project = project_, .dataset = dataset.row, .at = at_},
                                 {.offset = 0, .limit = 0}));
    return none.total;
}

Result<OrderedJson> DatasetsCommand::describe(const DatasetRecord& dataset) {
    ASSAY_TRY(const std::int64_t items, count_items(dataset));
    ASSAY_TRY(const auto runs,
              list_dataset_runs(session_, project_, dataset.row, {.offset = 0, .limit = 0}));
    OrderedJson json;
    json["id"] = dataset.id.value();
    json["name"] = dataset.name;
    json["description"] = dataset.description ? OrderedJson(*dataset.description) : OrderedJson();
    json["metadata"] = dataset.metadata;
    json["input_schema"] = dataset.input_schema;
    json["expected_output_schema"] = dataset.expected_schema;
    json["items"] = items;
    json["runs"] = runs.total;
    json["created_at"] = to_rfc3339(dataset.created);
    json["updated_at"] = to_rfc3339(dataset.updated);
    return json;
}

Result<ExitCode> DatasetsCommand::list() {
    ASSAY_TRY(const auto datasets, list_datasets(session_, project_, ListRange{}));
    OrderedJson rows = OrderedJson::array();
    for (const DatasetRecord& dataset : datasets.records) {
        ASSAY_TRY(OrderedJson row, describe(dataset));
        rows.push_back(std::move(row));
    }
    if (arguments_.json) {
        print_out(to_pretty_text(rows));
        return ExitCode::ok;
    }
    if (rows.empty()) {
        print_out(
            fmt::format("No datasets are stored in {} yet: runs and clients of `assay serve` "
                        "make them.\n",
                        arguments_.store));
        return ExitCode::ok;
    }
    constexpr std::size_t k_fixed_columns = 9 + 7 + 18;  // items, runs, made
    const std::size_t room =
        console_.columns > k_fixed_columns + 12 ? console_.columns - k_fixed_columns : 12;
    print_out(fmt::format("{:>8} {:>6}  {:<16}  {}\n", "ITEMS", "RUNS", "MADE", "DATASET"));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const DatasetRecord& dataset = datasets.records[i];
        print_out(fmt::format("{:>8} {:>6}  {}  {}\n", rows[i]["items"].get<std::int64_t>(),
                              rows[i]["runs"].get<std::int64_t>(), minute_of(dataset.created),
                              fit_width(terminal_safe(dataset.name), room - 1)));
    }
    return ExitCode::ok;
}

Result<ExitCode> DatasetsCommand::show() {
    ASSAY_TRY(const DatasetRecord dataset, named_dataset());
    ASSAY_TRY(OrderedJson json, describe(dataset));
    ASSAY_TRY(const auto runs, list_dataset_runs(session_, project_, dataset.row, ListRange{}));
    if (arguments_.json) {
        json["runs"] = OrderedJson::array();
        for (const DatasetRunRecord& run : runs.records) {
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
    if (!runs.records.empty()) print_out("\nRuns, the newest first:\n");
    for (const DatasetRunRecord& run : runs.records) {
        print_out(fmt::format("  {}  {}\n", minute_of(run.created), terminal_safe(run.name)));
    }
    return ExitCode::ok;
}

/// As a row of a dataset's file: `id: $.id` in a spec reads the ids.
std::string row_of(const DatasetItemRecord& item) {
    OrderedJson row;
    row["id"] = item.id.value();
    if (!item.input.is_null()) row["input"] = item.input;
    if (!item.expected_output.is_null()) row["expected_output"] = item.expected_output;
    if (!item.metadata.is_null()) row["metadata"] = item.metadata;
    return to_text(row) + "\n";
}

Result<ExitCode> DatasetsCommand::export_items() {
    ASSAY_TRY(const DatasetRecord dataset, named_dataset());
    const DatasetItemQuery query{.project = project_, .dataset = dataset.row, .at = at_};
    if (arguments_.out.empty()) {
        const auto print = [](const DatasetItemRecord& item) -> Result<void> {
            print_out(row_of(item));
            return {};
        };
        ASSAY_CHECK(for_each_dataset_item(session_, query, ItemOrder::oldest_first, print));
        return ExitCode::ok;
    }
    ASSAY_TRY(AtomicFileWriter file, AtomicFileWriter::create(arguments_.out));
    const auto write = [&](const DatasetItemRecord& item) { return file.write(row_of(item)); };
    ASSAY_CHECK(for_each_dataset_item(session_, query, ItemOrder::oldest_first, write));
    ASSAY_CHECK(file.commit());
    print_error(fmt::format("Wrote {}\n", arguments_.out));
    return ExitCode::ok;
}

Result<ExitCode> DatasetsCommand::run() {
    ASSAY_CHECK(check_arguments());
    ASSAY_TRY(project_, session_.find_project(ProjectId(arguments_.project)));
    if (!arguments_.version.empty()) {
        ASSAY_TRY(at_, parse_rfc3339(arguments_.version));
    }
    if (arguments_.action == "show") return show();
    if (arguments_.action == "export") return export_items();
    return list();
}

Result<ExitCode> manage_datasets(const DatasetsArguments& arguments, const Console& console) {
    ASSAY_TRY(const auto database, Database::open(arguments.store, Database::Missing::refuse));
    Session& session = database->reader();
    ASSAY_TRY(const Snapshot snapshot, Snapshot::begin(session.connection()));
    return DatasetsCommand(arguments, console, session).run();
}

}  // namespace

ExitCode datasets_command(const DatasetsArguments& arguments, const Console& console) {
    return end_with(manage_datasets(arguments, console));
}

}  // namespace assay
