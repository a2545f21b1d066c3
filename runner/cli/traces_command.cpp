// The traces of a store, those of runs and those of clients.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>

#include "core/base/diagnostic.hpp"
#include "core/base/files.hpp"
#include "core/base/text.hpp"
#include "runner/cli/commands.hpp"
#include "runner/cli/trace_text.hpp"
#include "server/api/observation_json.hpp"
#include "server/api/score_json.hpp"
#include "server/api/trace_json.hpp"
#include "server/query/query.hpp"
#include "server/tracing/records.hpp"

namespace assay {
namespace {

constexpr std::uint64_t k_listed_default = 20;
constexpr std::int64_t k_rows_max = 1'000'000'000;
constexpr std::int64_t k_candidates_max = 1000;  // for the nearest id
constexpr std::int64_t k_ambiguous_shown = 5;
constexpr std::string_view k_correction = "CORRECTION";  // no value: the API leaves it out too

/// One command on one store, which stays as it is meanwhile.
class TracesCommand {
  public:
    TracesCommand(const TracesArguments& arguments, const Console& console, Session& session)
        : arguments_(arguments), console_(console), session_(session) {}

    [[nodiscard]] Result<ExitCode> run();

  private:
    [[nodiscard]] Result<void> check_arguments() const;
    [[nodiscard]] Result<FoundRows> find(std::vector<FilterElement> filter, std::int64_t limit);
    [[nodiscard]] Result<std::vector<std::string>> ids_of(const FoundRows& found);
    [[nodiscard]] Result<TraceRow> named_trace();
    [[nodiscard]] Result<StoredTrace> read(TraceRow row, RecordParts parts);
    [[nodiscard]] OrderedJson describe(const StoredTrace& trace, TraceContent content) const;

    [[nodiscard]] Result<ExitCode> list();
    [[nodiscard]] Result<ExitCode> say_that_none_are_there();
    [[nodiscard]] Result<ExitCode> show();
    [[nodiscard]] Result<ExitCode> export_traces();

    const TracesArguments& arguments_;
    const Console& console_;
    Session& session_;
    ProjectId project_{};
    std::int64_t project_row_ = -1;
    std::vector<FilterElement> filter_ = {};
};

Result<void> TracesCommand::check_arguments() const {
    const auto refuse = [](std::string message) {
        return failure(ErrorCode::invalid_argument, std::move(message));
    };
    const std::string& action = arguments_.action;
    const bool is_show = action == "show";
    if (is_show && arguments_.id.empty()) {
        return refuse("`assay traces show` takes one ID; `assay traces` lists them");
    }
    if (!is_show && !arguments_.id.empty()) {
        return refuse(fmt::format(
            "`assay traces {}` takes no ID; `assay traces show ID` tells of one trace", action));
    }
    if (is_show && (arguments_.filter || arguments_.limit)) {
        return refuse("--filter and --limit go with `assay traces list` and export, not with show");
    }
    if (action != "export" && !arguments_.out.empty()) {
        return refuse(fmt::format("--out goes with `assay traces export`, not with {}", action));
    }
    if (action == "export" && arguments_.json) {
        return refuse("`assay traces export` writes JSON lines; --json goes with list and show");
    }
    return {};
}

Result<FoundRows> TracesCommand::find(std::vector<FilterElement> filter, std::int64_t limit) {
    return find_rows(session_, project_,
                     {.view = trace_view(),
                      .filter = std::move(filter),
                      .order = {{"timestamp", true}},
                      .limit = limit});
}

Result<std::vector<std::string>> TracesCommand::ids_of(const FoundRows& found) {
    std::vector<std::string> ids;
    for (const std::int64_t number : found.rows) {
        const TraceRow row{number};
        ASSAY_TRY(const auto traces,
                  read_traces(session_, std::span(&row, 1), RecordParts::columns));
        for (const TraceRecord& trace : traces) ids.push_back(terminal_safe(trace.id.value()));
    }
    return ids;
}

/// By its id or the beginning of it.
Result<TraceRow> TracesCommand::named_trace() {
    const std::string& id = arguments_.id;
    ASSAY_TRY(const auto row, find_trace_row(session_, project_row_, TraceId(id)));
    if (row) return *row;
    ASSAY_TRY(const FoundRows found, find({{.type = FilterType::string,
                                            .column = "id",
                                            .op = FilterOperator::starts_with,
                                            .value = id}},
                                          k_ambiguous_shown));
    if (found.rows.size() == 1) return TraceRow(found.rows.front());
    if (!found.rows.empty()) {
        ASSAY_TRY(const auto ids, ids_of(found));
        return failure(
            ErrorCode::invalid_argument,
            fmt::format("the ids of several traces begin with \"{}\": {}{}", terminal_safe(id),
                        fmt::join(ids, ", "), found.has_more ? ", ..." : ""));
    }
    ASSAY_TRY(const FoundRows newest, find({}, k_candidates_max));
    ASSAY_TRY(const auto ids, ids_of(newest));
    const std::string nearest = did_you_mean(id, ids);
    return failure(ErrorCode::not_found,
                   fmt::format("there is no trace \"{}\"{}", terminal_safe(id),
                               nearest.empty() ? fmt::format("; `assay traces{}` lists them",
                                                             arguments_.store_option())
                                               : nearest));
}

Result<StoredTrace> TracesCommand::read(TraceRow row, RecordParts parts) {
    ASSAY_TRY(auto records, read_traces(session_, std::span(&row, 1), parts));
    if (records.empty()) return failure(ErrorCode::data_loss, "a trace of the list is not there");
    StoredTrace trace{.record = std::move(records.front())};
    ASSAY_TRY(const auto rows, observations_of(session_, project_row_, row));
    ASSAY_TRY(trace.observations, read_observation_records(session_, rows, parts));
    ASSAY_TRY(trace.scores,
              scores_of(session_, project_row_, ScoreSubjectKind::trace, std::to_underlying(row)));
    std::erase_if(trace.scores,
                  [](const ScoreRecord& score) { return score.data_type == k_correction; });
    return trace;
}

/// As GET /api/public/traces/{traceId} tells of it; without its content as the list there does,
/// with ids in place of observations and scores.
OrderedJson TracesCommand::describe(const StoredTrace& trace, TraceContent content) const {
    const bool is_whole = content == TraceContent::given;
    OrderedJson json = trace_v1_json(project_, trace.record, content);
    json["latency"] = trace.latency_seconds();
    json["totalCost"] = trace.cost_usd().value_or(0);
    json["observations"] = OrderedJson::array();
    for (const ObservationRecord& each : trace.observations) {
        json["observations"].push_back(is_whole ? observation_v1_json(project_, each)
                                                : OrderedJson(each.id.value()));
    }
    json["scores"] = OrderedJson::array();
    for (const ScoreRecord& each : trace.scores) {
        json["scores"].push_back(is_whole ? score_v1_json(project_, each)
                                          : OrderedJson(each.id.value()));
    }
    return json;
}

/// A list without a line says what would give it one.
Result<ExitCode> TracesCommand::say_that_none_are_there() {
    ASSAY_TRY(const FoundRows any, find({}, 1));
    if (!any.rows.empty()) {
        print_out("No trace passes the filter; `assay traces --help` has examples of filters.\n");
        return ExitCode::ok;
    }
    print_out(
        fmt::format("No traces are stored in {} for the project \"{}\" yet: `assay run SPEC` "
                    "makes them, and so do clients of `assay serve`.\n",
                    arguments_.store, terminal_safe(arguments_.project)));
    return ExitCode::ok;
}

Result<ExitCode> TracesCommand::list() {
    const std::uint64_t limit = arguments_.limit.value_or(k_listed_default);
    ASSAY_TRY(const FoundRows found,
              find(filter_, static_cast<std::int64_t>(std::min<std::uint64_t>(limit, k_rows_max))));
    std::vector<StoredTrace> traces;
    for (const std::int64_t row : found.rows) {
        ASSAY_TRY(StoredTrace trace, read(TraceRow(row), RecordParts::columns));
        traces.push_back(std::move(trace));
    }
    if (arguments_.json) {
        OrderedJson rows = OrderedJson::array();
        for (const StoredTrace& trace : traces) {
            rows.push_back(describe(trace, TraceContent::left_out));
        }
        print_out(to_pretty_text(rows));
        return ExitCode::ok;
    }
    if (traces.empty()) return say_that_none_are_there();
    for (const std::string& line : trace_table(traces, console_.columns)) print_out(line + "\n");
    if (found.has_more) {
        print_out(fmt::format("\nThese are the newest. --limit {} tells more, --filter chooses.\n",
                              limit * 5));
    }
    return ExitCode::ok;
}

Result<ExitCode> TracesCommand::show() {
    ASSAY_TRY(const TraceRow row, named_trace());
    ASSAY_TRY(const StoredTrace trace, read(row, RecordParts::all));
    if (arguments_.json) {
        print_out(to_pretty_text(describe(trace, TraceContent::given)));
        return ExitCode::ok;
    }
    constexpr std::size_t k_label_room = 12;
    const TraceRecord& record = trace.record;
    const auto put = [](std::string_view label, const std::optional<std::string>& value) {
        if (value && !value->empty()) print_field(label, Json(*value), k_label_room);
    };
    print_out(terminal_safe(record.name.value_or(record.id.value())) + "\n");
    put("id", record.id.value());
    put("time", to_rfc3339(record.timestamp));
    put("user", record.user_id);
    put("session", record.session_id);
    put("release", record.release);
    put("version", record.version);
    put("environment", record.environment);
    put("tags", fmt::format("{}", fmt::join(record.tags, ", ")));
    put("latency", trace.latency());
    put("cost", cost_text(trace.cost_usd()));
    if (!record.metadata.empty()) print_field("metadata", record.metadata, k_label_room);
    put("input", record.input);
    put("output", record.output);
    for (const ScoreRecord& score : trace.scores) {
        if (!score.observation_id) put("score", score_text(score));
    }
    if (trace.observations.empty()) {
        print_out("\nIt has no observations.\n");
        return ExitCode::ok;
    }
    print_out("\n");
    for (const std::string& line : observation_tree(trace, console_.columns)) {
        print_out(line + "\n");
    }
    return ExitCode::ok;
}

Result<ExitCode> TracesCommand::export_traces() {
    const std::uint64_t limit = arguments_.limit.value_or(k_rows_max);
    ASSAY_TRY(const FoundRows found,
              find(filter_, static_cast<std::int64_t>(std::min<std::uint64_t>(limit, k_rows_max))));
    // One at a time: each may hold megabytes.
    const auto each_line = [&](const auto& take) -> Result<void> {
        for (const std::int64_t row : found.rows) {
            ASSAY_TRY(const StoredTrace trace, read(TraceRow(row), RecordParts::all));
            ASSAY_CHECK(take(to_text(describe(trace, TraceContent::given)) + "\n"));
        }
        return {};
    };
    if (arguments_.out.empty()) {
        ASSAY_CHECK(each_line([](const std::string& line) -> Result<void> {
            print_out(line);
            return {};
        }));
        return ExitCode::ok;
    }
    ASSAY_TRY(AtomicFileWriter file, AtomicFileWriter::create(arguments_.out));
    ASSAY_CHECK(each_line([&](const std::string& line) { return file.write(line); }));
    ASSAY_CHECK(file.commit());
    print_error(fmt::format("Wrote {}\n", arguments_.out));
    return ExitCode::ok;
}

Result<ExitCode> TracesCommand::run() {
    ASSAY_CHECK(check_arguments());
    if (arguments_.filter) {
        ASSAY_TRY(filter_, parse_filter(*arguments_.filter));
        ASSAY_CHECK(check_filter(trace_view(), filter_));
    }
    project_ = ProjectId(arguments_.project);
    ASSAY_TRY(project_row_, session_.find_project(project_));
    if (arguments_.action == "show") return show();
    if (arguments_.action == "export") return export_traces();
    return list();
}

Result<ExitCode> read_traces_of(const TracesArguments& arguments, const Console& console) {
    ASSAY_TRY(const auto database, Database::open(arguments.store, Database::Missing::refuse));
    Session& session = database->reader();
    ASSAY_TRY(const Snapshot snapshot, Snapshot::begin(session.connection()));
    return TracesCommand(arguments, console, session).run();
}

}  // namespace

ExitCode traces_command(const TracesArguments& arguments, const Console& console) {
    return end_with(read_traces_of(arguments, console));
}

}  // namespace assay
