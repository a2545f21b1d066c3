// Traces of a store or a server, those of runs and those of clients.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/diagnostic.hpp"
#include "core/base/text.hpp"
#include "runner/cli/commands.hpp"
#include "runner/cli/exported_lines.hpp"
#include "runner/cli/open_source.hpp"
#include "runner/cli/trace_text.hpp"
#include "runner/sources/document.hpp"
#include "runner/sources/trace_filter.hpp"

namespace assay {
namespace {

constexpr std::uint64_t k_listed_default = 20;
constexpr std::int64_t k_traces_max = 1'000'000'000;
constexpr std::int64_t k_candidates_max = 100;  // for the nearest id
constexpr std::size_t k_ambiguous_shown = 5;

Result<void> check_arguments(const TracesArguments& arguments) {
    const auto refuse = [](std::string message) {
        return failure(ErrorCode::invalid_argument, std::move(message));
    };
    const std::string& action = arguments.action;
    const bool is_show = action == "show";
    if (is_show && arguments.id.empty()) {
        return refuse("`assay traces show` takes one ID; `assay traces` lists them");
    }
    if (!is_show && !arguments.id.empty()) {
        return refuse(fmt::format(
            "`assay traces {}` takes no ID; `assay traces show ID` tells of one trace", action));
    }
    if (is_show && (arguments.filter || arguments.limit)) {
        return refuse("--filter and --limit go with `assay traces list` and export, not with show");
    }
    if (action != "export" && !arguments.out.empty()) {
        return refuse(fmt::format("--out goes with `assay traces export`, not with {}", action));
    }
    if (action == "export" && arguments.json) {
        return refuse("`assay traces export` writes JSON lines; --json goes with list and show");
    }
    return {};
}

/// One command on one store or server.
class TracesCommand {
  public:
    TracesCommand(const TracesArguments& arguments, const Console& console, TraceFilter filter,
                  TraceSource& source)
        : arguments_(arguments), console_(console), filter_(std::move(filter)), source_(source) {}

    [[nodiscard]] Result<ExitCode> run() {
        if (arguments_.action == "show") return show();
        if (arguments_.action == "export") return export_traces();
        return list();
    }

  private:
    /// Those that pass the filter, the newest first. `visit` is called for those, `looked_at` after
    /// each, whether it passes or not.
    [[nodiscard]] Result<void> each(TraceDetail detail, std::int64_t at_most,
                                    const std::function<void()>& looked_at,
                                    const std::function<Result<void>(const OrderedJson&)>& visit);
    [[nodiscard]] Result<std::vector<OrderedJson>> newest(std::vector<FilterElement> filter,
                                                          std::int64_t at_most);
    [[nodiscard]] Result<OrderedJson> named_trace();

    [[nodiscard]] Result<ExitCode> list();
    [[nodiscard]] Result<ExitCode> say_that_none_are_there();
    [[nodiscard]] Result<ExitCode> show();
    [[nodiscard]] Result<ExitCode> export_traces();

    const TracesArguments& arguments_;
    const Console& console_;
    TraceFilter filter_;
    TraceSource& source_;
};

Result<void> TracesCommand::each(TraceDetail detail, std::int64_t at_most,
                                 const std::function<void()>& looked_at,
                                 const std::function<Result<void>(const OrderedJson&)>& visit) {
    TraceQuery query{.filter = filter_.elements, .detail = std::max(detail, filter_.detail)};
    if (filter_.rest.empty()) query.at_most = at_most;
    std::int64_t left = at_most;
    return source_.each(query, [&](const OrderedJson& trace) -> Result<bool> {
        if (filter_.passes(trace)) {
            ASSAY_CHECK(visit(trace));
            --left;
        }
        looked_at();
        return left > 0;
    });
}

Result<std::vector<OrderedJson>> TracesCommand::newest(std::vector<FilterElement> filter,
                                                       std::int64_t at_most) {
    std::vector<OrderedJson> traces;
    const TraceQuery query{.filter = std::move(filter), .at_most = at_most};
    ASSAY_CHECK(source_.each(query, [&](const OrderedJson& trace) -> Result<bool> {
        traces.push_back(trace);
        return true;
    }));
    return traces;
}

std::vector<std::string> safe_ids(const std::vector<OrderedJson>& traces) {
    std::vector<std::string> ids;
    for (const OrderedJson& trace : traces) {
        ids.push_back(terminal_safe(text_of(trace, "id").value_or("")));
    }
    return ids;
}

/// By its id or the beginning of it.
Result<OrderedJson> TracesCommand::named_trace() {
    const std::string& id = arguments_.id;
    ASSAY_TRY(auto trace, source_.find(id));
    if (trace) return std::move(*trace);
    const FilterElement begins{
        .type = FilterType::string, .column = "id", .op = FilterOperator::starts_with, .value = id};
    ASSAY_TRY(const auto similar, newest({begins}, k_ambiguous_shown + 1));
    std::vector<std::string> ids = safe_ids(similar);
    if (similar.size() == 1) {
        ASSAY_TRY(trace, source_.find(text_of(similar.front(), "id").value_or("")));
        if (trace) return std::move(*trace);
    }
    if (similar.size() > 1) {
        const bool has_more = ids.size() > k_ambiguous_shown;
        if (has_more) ids.resize(k_ambiguous_shown);
        return failure(
            ErrorCode::invalid_argument,
            fmt::format("the ids of several traces begin with \"{}\": {}{}", terminal_safe(id),
                        fmt::join(ids, ", "), has_more ? ", ..." : ""));
    }
    ASSAY_TRY(const auto candidates, newest({}, k_candidates_max));
    const std::string nearest = did_you_mean(id, safe_ids(candidates));
    return failure(ErrorCode::not_found,
                   fmt::format("there is no trace \"{}\"{}", terminal_safe(id),
                               nearest.empty() ? fmt::format("; `assay traces{}` lists them",
                                                             arguments_.source_options())
                                               : nearest));
}

/// A list without a line says what would give it one.
Result<ExitCode> TracesCommand::say_that_none_are_there() {
    ASSAY_TRY(const auto any, newest({}, 1));
    print_out(any.empty()
                  ? source_.why_empty() + "\n"
                  : "No trace passes the filter; `assay traces --help` has examples of filters.\n");
    return ExitCode::ok;
}

Result<ExitCode> TracesCommand::list() {
    const auto limit = static_cast<std::int64_t>(
        std::min<std::uint64_t>(arguments_.limit.value_or(k_listed_default), k_traces_max));
    std::vector<OrderedJson> traces;
    ASSAY_CHECK(each(
        TraceDetail::listed, arguments_.json ? limit : limit + 1, [] {},
        [&](const OrderedJson& trace) -> Result<void> {
            traces.push_back(as_listed(trace));
            return {};
        }));
    if (arguments_.json) {
        OrderedJson rows = OrderedJson::array();
        for (OrderedJson& trace : traces) rows.push_back(std::move(trace));
        print_out(to_pretty_text(rows));
        return ExitCode::ok;
    }
    if (traces.empty()) return say_that_none_are_there();
    const bool has_more = std::ssize(traces) > limit;
    if (has_more) traces.pop_back();
    for (const std::string& line : trace_table(traces, console_.columns)) print_out(line + "\n");
    if (has_more) {
        print_out(fmt::format("\nThese are the newest. --limit {} tells more, --filter chooses.\n",
                              limit * 5));
    }
    return ExitCode::ok;
}

Result<ExitCode> TracesCommand::show() {
    ASSAY_TRY(const OrderedJson trace, named_trace());
    if (arguments_.json) {
        print_out(to_pretty_text(trace));
        return ExitCode::ok;
    }
    constexpr std::size_t k_label_room = 12;
    const auto put = [](std::string_view label, const std::string& value) {
        if (!value.empty()) print_field(label, Json(value), k_label_room);
    };
    const auto put_value = [](const char* name, const OrderedJson& value) {
        if (!value.is_null() && value != OrderedJson::object() && value != "") {
            print_field(name, Json(value), k_label_room);
        }
    };
    const std::string id = text_of(trace, "id").value_or("");
    print_out(terminal_safe(text_of(trace, "name").value_or(id)) + "\n");
    put("id", id);
    put("time", text_of(trace, "timestamp").value_or(""));
    put_value("user", member_of(trace, "userId"));
    put_value("session", member_of(trace, "sessionId"));
    for (const char* const name : {"release", "version", "environment"}) {
        put_value(name, member_of(trace, name));
    }
    put("tags", fmt::format("{}", fmt::join(texts_of(trace, "tags"), ", ")));
    put("latency", latency_of(trace));
    put("cost", cost_of(trace));
    for (const char* const name : {"metadata", "input", "output"}) {
        put_value(name, member_of(trace, name));
    }
    for (const OrderedJson& score : list_of(trace, "scores")) {
        if (!text_of(score, "observationId")) put("score", score_text(score));
    }
    if (list_of(trace, "observations").empty()) {
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
    const auto limit = static_cast<std::int64_t>(
        std::min<std::uint64_t>(arguments_.limit.value_or(k_traces_max), k_traces_max));
    ASSAY_TRY(ExportedLines lines, ExportedLines::open(arguments_.out, "traces", console_));
    ASSAY_CHECK(each(
        TraceDetail::whole, limit, [&] { lines.looked_at(); },
        [&](const OrderedJson& trace) { return lines.write(to_text(trace)); }));
    ASSAY_CHECK(lines.finish());
    return ExitCode::ok;
}

Result<ExitCode> read_traces_of(const TracesArguments& arguments, const Console& console) {
    ASSAY_CHECK(check_arguments(arguments));
    TraceFilter filter;
    if (arguments.filter) {
        ASSAY_TRY(filter, parse_trace_filter(*arguments.filter));
    }
    ASSAY_TRY(const auto source, open_traces(arguments));
    return TracesCommand(arguments, console, std::move(filter), *source).run();
}

}  // namespace

ExitCode traces_command(const TracesArguments& arguments, const Console& console) {
    return end_with(read_traces_of(arguments, console));
}

}  // namespace assay
