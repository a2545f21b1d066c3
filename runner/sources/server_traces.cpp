#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <set>
#include <utility>

#include "core/base/text.hpp"
#include "runner/sources/document.hpp"
#include "runner/sources/filter_json.hpp"
#include "runner/sources/trace_source.hpp"

namespace assay {
namespace {

constexpr const char* k_path = "/traces";
constexpr const char* k_timestamp = "timestamp";
constexpr std::int64_t k_page_rows = 100;
constexpr std::chrono::milliseconds k_tick{1};  // the API tells times in milliseconds

constexpr Time k_last = Time::max() - k_tick;  // later times count as this one

std::string trace_target(const std::string& id) {
    return fmt::format("{}/{}", k_path, percent_encode(id));
}

/// A trace that is too large for one answer, put together as the one answer would be.
Result<std::optional<OrderedJson>> find_in_parts(ApiClient& client, const std::string& id) {
    ASSAY_TRY(auto trace,
              client.find(api_target(trace_target(id), {{"fields", "core,io,metrics"}})));
    if (!trace) return std::nullopt;
    ASSAY_TRY(auto observations, client.all("/observations", {{"traceId", id}}, "id"));
    std::ranges::reverse(observations);  // the newest came first
    ASSAY_TRY(auto scores, client.all("/v2/scores", {{"traceId", id}, {"fields", "score"}}, "id"));
    std::erase_if(scores, [](const OrderedJson& score) {
        return text_of(score, "dataType") == "CORRECTION";
    });
    (*trace)["observations"] = std::move(observations);
    (*trace)["scores"] = std::move(scores);
    return trace;
}

Result<std::optional<OrderedJson>> whole_trace(ApiClient& client, const std::string& id,
                                               Result<std::optional<OrderedJson>> answer) {
    const bool is_too_large = !answer && answer.error().code == ErrorCode::resource_exhausted &&
                              !answer.error().retryable;
    if (is_too_large) answer = find_in_parts(client, id);
    if (answer && *answer) **answer = in_usual_order(std::move(**answer));
    return answer;
}

/// Walks over the list of a server that goes on writing. Pages alone would repeat and leave out
/// traces then, so the walk asks for what is older than the last trace it saw; pages are for those
/// that share a millisecond.
class TraceWalk {
  public:
    TraceWalk(ApiClient& client, std::vector<FilterElement> filter, TraceDetail detail,
              std::int64_t rows)
        : client_(client), filter_(std::move(filter)), detail_(detail), rows_(rows) {}

    /// The next traces, none of which was given before; nothing at the end.
    [[nodiscard]] Result<std::optional<std::vector<OrderedJson>>> next() {
        if (is_over_) return std::nullopt;
        ASSAY_TRY(ApiPage page, client_.page(k_path, query(), page_, rows_));
        const std::int64_t given = std::ssize(page.rows);
        is_over_ = given == 0 || (page.total ? page_ * given >= *page.total : given < rows_);
        std::vector<OrderedJson> traces;
        for (OrderedJson& row : page.rows) {
            ASSAY_TRY(const std::string id, needed_text(row, "id", "a trace", client_));
            ASSAY_TRY(const Time time, time_in(row));
            ASSAY_CHECK(look_at(time));
            if (seen_.emplace(time, id).second) traces.push_back(std::move(row));
        }
        if (page_ > 1 && traces.empty() && !is_over_) return std::unexpected(too_old());
        go_on();
        return traces;
    }

  private:
    [[nodiscard]] QueryFields query() const {
        std::vector<FilterElement> filter = filter_;
        if (before_) filter.push_back(before(k_timestamp, *before_));
        QueryFields fields = {
            {"fields", detail_ == TraceDetail::whole ? "core" : "core,scores,observations,metrics"},
            {"orderBy", "timestamp.desc"}};
        if (!filter.empty()) fields.emplace_back("filter", filter_text(filter));
        return fields;
    }

    [[nodiscard]] Result<Time> time_in(const OrderedJson& row) const {
        ASSAY_TRY(const std::string text, needed_text(row, k_timestamp, "a trace", client_));
        auto time = parse_rfc3339(text);
        if (time) return std::chrono::floor<std::chrono::milliseconds>(std::min(*time, k_last));
        return failure(ErrorCode::unavailable, fmt::format("{} gives a trace the time \"{}\"",
                                                           client_.place(), terminal_safe(text)));
    }

    /// A server that does not do what it was asked for would never come to an end.
    [[nodiscard]] Result<void> look_at(Time time) {
        const bool is_in_order = (!last_ || time <= *last_) && (!before_ || time < *before_);
        last_ = time;
        if (is_in_order) return {};
        return std::unexpected(too_old());
    }
    [[nodiscard]] Error too_old() const {
        return {ErrorCode::unavailable,
                fmt::format("{} does not apply `filter`, `orderBy` or `page` to traces: it is too "
                            "old to be read like this",
                            client_.place())};
    }

    void go_on() {
        if (!last_) return;
        if (before_ && *last_ + k_tick >= *before_) {
            ++page_;
            return;
        }
        // Of what was given only that of the last millisecond can come again.
        std::erase_if(seen_, [&](const auto& trace) { return trace.first != *last_; });
        before_ = *last_ + k_tick;
        page_ = 1;
        last_.reset();
    }

    ApiClient& client_;
    std::vector<FilterElement> filter_;
    TraceDetail detail_;
    std::int64_t rows_;
    std::int64_t page_ = 1;
    std::optional<Time> before_ = std::nullopt;  ///< only what is older is asked for
    std::optional<Time> last_ = std::nullopt;    ///< of the last row
    std::set<std::pair<Time, std::string>> seen_;
    bool is_over_ = false;
};

class TracesOfServer final : public TraceSource {
  public:
    explicit TracesOfServer(std::unique_ptr<ApiClient> client) : client_(std::move(client)) {}

    Result<void> each(const TraceQuery& query, const Visitor& visit) override {
        const std::int64_t rows = std::min(query.at_most.value_or(k_page_rows), k_page_rows);
        TraceWalk walk(*client_, query.filter, query.detail, rows);
        std::int64_t left = query.at_most.value_or(std::numeric_limits<std::int64_t>::max());
        while (left > 0) {
            ASSAY_TRY(auto traces, walk.next());
            if (!traces) return {};
            const auto wanted = std::min(left, std::ssize(*traces));
            traces->resize(static_cast<std::size_t>(wanted));
            left -= wanted;
            ASSAY_TRY(const bool more, query.detail == TraceDetail::whole
                                           ? visit_whole(*traces, visit)
                                           : visit_listed(std::move(*traces), visit));
            if (!more) return {};
        }
        return {};
    }

    Result<std::optional<OrderedJson>> find(const std::string& id) override {
        return whole_trace(*client_, id, client_->find(trace_target(id)));
    }

    std::string why_empty() const override {
        return fmt::format("{} has no traces of this project yet: its clients make them.",
                           client_->place());
    }

  private:
    static Result<bool> visit_listed(std::vector<OrderedJson> traces, const Visitor& visit) {
        for (OrderedJson& trace : traces) {
            ASSAY_TRY(const bool more, visit(as_listed(std::move(trace))));
            if (!more) return false;
        }
        return true;
    }

    Result<bool> visit_whole(const std::vector<OrderedJson>& traces, const Visitor& visit) {
        constexpr std::size_t k_at_a_time = 8;  // each may be megabytes
        for (std::size_t begin = 0; begin < traces.size(); begin += k_at_a_time) {
            std::vector<std::string> ids;
            std::vector<std::string> targets;
            const std::size_t end = std::min(begin + k_at_a_time, traces.size());
            for (std::size_t i = begin; i < end; ++i) {
                ids.push_back(text_of(traces[i], "id").value_or(""));
                targets.push_back(trace_target(ids.back()));
            }
            auto answers = client_->find_each(targets);
            for (std::size_t i = 0; i < answers.size(); ++i) {
                ASSAY_TRY(const auto trace, whole_trace(*client_, ids[i], std::move(answers[i])));
                if (!trace) continue;  // removed since it was listed
                ASSAY_TRY(const bool more, visit(*trace));
                if (!more) return false;
            }
        }
        return true;
    }

    std::unique_ptr<ApiClient> client_;
};

}  // namespace

std::unique_ptr<TraceSource> traces_of_server(std::unique_ptr<ApiClient> client) {
    return std::make_unique<TracesOfServer>(std::move(client));
}

}  // namespace assay
