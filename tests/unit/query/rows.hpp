#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/query/query.hpp"
#include "tests/unit/tracing/backend.hpp"

namespace assay::test {

/// A store with three traces, five observations and some scores, and questions to it.
struct QueryBackend : Backend {
    QueryBackend() {
        put_traces();
        put_observations();
        put_scores();
    }

    /// The ids of what a filter finds, sorted, joined by spaces; or the error.
    std::string find(const View& view, std::string_view filter) {
        const auto elements = parse_filter(filter);
        if (!elements) return elements.error().message;
        const auto ids = ids_of({.view = view, .filter = *elements});
        return ids ? joined(*ids) : ids.error().message;
    }
    std::string traces(std::string_view filter) { return find(trace_view(), filter); }
    std::string observations_where(std::string_view filter) {
        return find(observation_view(), filter);
    }

    /// In the order in which they are found. Checks that counting finds as many.
    enum class Counting : std::uint8_t { checked, left_out };
    Result<std::vector<std::string>> ids_of(const Query& query,
                                            Counting counting = Counting::checked) {
        ASSAY_TRY(const FoundRows found, find_rows(reader(), k_project, query));
        if (counting == Counting::checked && query.offset == 0 && query.after.empty() &&
            !found.has_more) {
            const auto total = count_rows(reader(), k_project, query);
            REQUIRE(total);
            CHECK(*total == static_cast<std::int64_t>(found.rows.size()));
        }
        std::vector<std::string> ids;
        const bool of_traces = &query.view == &trace_view();
        const char* const sql = of_traces ? "SELECT id FROM traces WHERE trace = ?1"
                                          : "SELECT id FROM observations WHERE observation = ?1";
        for (const std::int64_t row : found.rows) {
            ASSAY_TRY(Rows rows, reader().connection().query(sql, row));
            ASSAY_CHECK(rows.next());
            ids.push_back(rows.id(0));
        }
        return ids;
    }

    static std::string joined(std::vector<std::string> ids, bool is_sorted = true) {
        if (is_sorted) std::ranges::sort(ids);
        std::string text;
        for (const std::string& id : ids) text += (text.empty() ? "" : " ") + id;
        return text;
    }

    void put_score(ScoreRecord score) {
        IngestBatch batch;
        batch.scores.push_back({.score = std::move(score)});
        put(std::move(batch));
    }

  private:
    void put_traces() {
        EntityEvent first =
            event_at(1, R"({"timestamp":1000000000,"name":"chat","userId":"alice","sessionId":"s1",
                   "release":"r1","version":"v1","environment":"prod","tags":["a","b"],
                   "public":true,"metadata":{"k":"v1","n":5,"flag":true,"deep":{"x":[1]}}})");
        first.input = "Hello big World";
        first.output = R"({"answer":"Größe 42"})";
        put_trace("t1", first);
        put_trace("t2", event_at(2, R"({"timestamp":2000000000,"name":"search 100%","userId":"bob",
                                  "sessionId":"s2","tags":["b","c"],
                                  "metadata":{"k":"v2","n":"7.5","flag":"false"}})"));
        put_trace("0123456789abcdef", event_at(3, R"({"timestamp":3000000000})"));
    }
    void put_observations() {
        EntityEvent generation = event_at(
            1, R"({"type":"GENERATION","name":"llm","startTime":1000000000,"endTime":3000000000,
                   "completionStartTime":1500000000,"level":"ERROR","statusMessage":"too long",
                   "model":"my-model","usageDetails":{"input":10,"output":20},
                   "costDetails":{"input":0.1,"output":0.2},"metadata":{"step":"one","n":1},
                   "environment":"prod","version":"ov"})");
        generation.input = "the prompt";
        put_observation("o1", "t1", generation);
        put_observation("o2", "t1",
                        event_at(1, R"({"type":"SPAN","name":"tool","startTime":1500000000,
                                        "endTime":2000000000,"parentObservationId":"o1"})"));
        put_observation("o3", "t1", event_at(1, R"({"type":"SPAN","startTime":2500000000,
                                        "parentObservationId":"o1","appRoot":true,
                                        "metadata":{"step":"two"}})"));
        put_observation("o4", "t2",
                        event_at(2, R"({"type":"EVENT","name":"seen","startTime":2000000000,
                                        "level":"WARNING"})"));
        put_observation("00ff", "t2",
                        event_at(2, R"({"type":"SPAN","name":"llm","startTime":2100000000,
                                        "parentObservationId":"abcd"})"));
    }
    void put_scores() {
        const auto score = [](const char* id, const char* name, const char* type,
                              const char* trace) {
            ScoreRecord record;
            record.id = ScoreId(id);
            record.name = name;
            record.data_type = type;
            record.source = "API";
            record.environment = "default";
            record.subject_id = trace;
            record.timestamp = second(5);
            return record;
        };
        ScoreRecord accurate = score("sc1", "accuracy", "NUMERIC", "t1");
        accurate.value = 0.8;
        put_score(accurate);
        ScoreRecord again = score("sc2", "accuracy", "NUMERIC", "t1");
        again.value = 0.4;
        again.observation_id = "o1";
        put_score(again);
        ScoreRecord poor = score("sc3", "accuracy", "NUMERIC", "t2");
        poor.value = 0.1;
        put_score(poor);
        ScoreRecord label = score("sc4", "tone", "CATEGORICAL", "t1");
        label.string_value = "kind";
        label.value = 0;
        label.observation_id = "o1";
        put_score(label);
        ScoreRecord flag = score("sc5", "safe", "BOOLEAN", "t2");
        flag.value = 1;
        flag.string_value = "True";
        put_score(flag);
    }
};

}  // namespace assay::test
