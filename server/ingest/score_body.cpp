#include "server/ingest/score_body.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "server/ingest/limits.hpp"

namespace assay {
namespace {

constexpr std::array<std::string_view, 5> k_data_types = {"NUMERIC", "BOOLEAN", "CATEGORICAL",
                                                          "TEXT", "CORRECTION"};
constexpr std::array<std::string_view, 3> k_sources = {"API", "EVAL", "ANNOTATION"};
/// The name of every correction.
constexpr const char* k_correction_name = "output";

FieldResult<void> read_subject(const Json& body, ScoreRecord& score) {
    ASSAY_TRY(auto trace, read_id(body, "traceId"));
    ASSAY_TRY(auto session, read_reference(body, "sessionId"));
    ASSAY_TRY(auto run, read_reference(body, "datasetRunId"));
    ASSAY_TRY(score.observation_id, read_reference(body, "observationId"));
    if (score.observation_id && !trace) {
        return field_fault("observationId", "needs the traceId of its trace beside it");
    }
    if (trace.has_value() + session.has_value() + run.has_value() != 1) {
        return field_fault("", "must have exactly one of traceId, sessionId and datasetRunId");
    }
    if (session) score.subject_kind = ScoreSubjectKind::session;
    if (run) score.subject_kind = ScoreSubjectKind::dataset_run;
    score.subject_id = *(trace ? trace : session ? session : run);
    return {};
}

/// Who gave it, and what it has to obey.
FieldResult<void> read_source(const Json& body, const ScoreDraft& draft, ScoreRecord& score) {
    ASSAY_TRY(score.config_id, read_reference(body, "configId"));
    ASSAY_TRY(score.queue_id, read_reference(body, "queueId"));
    ASSAY_TRY(auto source, read_word(body, "source", k_sources));
    score.source = source.value_or("API");
    if (score.source == "ANNOTATION" && !score.config_id && draft.data_type != "CORRECTION") {
        return field_fault("configId", "must be given for a score whose source is ANNOTATION");
    }
    return {};
}

FieldResult<void> read_value(Json& body, ScoreDraft& draft, CutFields& cut) {
    draft.value = take_field(body, "value");
    if (draft.value.is_number()) return {};
    if (!draft.value.is_string())
        return wrong_field_type("value", "a number or a string", draft.value);
    auto& text = draft.value.get_ref<std::string&>();
    if (draft.data_type != "CORRECTION") {
        text = short_text(std::move(text), "value", cut);
    } else if (cut_text(text, limits::k_field_bytes_max)) {
        cut.emplace_back("value");
    }
    return {};
}

std::unexpected<FieldFault> wrong_value(const ScoreRecord& score, std::string_view wanted) {
    return field_fault("value", fmt::format("must be {} in a score whose data type is {}", wanted,
                                            score.data_type));
}

FieldResult<void> set_number(ScoreRecord& score, const Json& value, const ScoreConfig* config) {
    if (!value.is_number()) return wrong_value(score, "a number");
    score.value = value.get<double>();
    const bool fits = !config || ((!config->min_value || *score.value >= *config->min_value) &&
                                  (!config->max_value || *score.value <= *config->max_value));
    if (fits) return {};
    return field_fault(
        "value", fmt::format("must be within the bounds of the score config \"{}\"", config->name));
}

FieldResult<void> set_boolean(ScoreRecord& score, const Json& value) {
    if (!value.is_number() || (value != 0 && value != 1)) return wrong_value(score, "0 or 1");
    score.value = value.get<double>();
    score.string_value = value == 1 ? "True" : "False";
    return {};
}

FieldResult<void> set_category(ScoreRecord& score, const Json& value, const ScoreConfig* config) {
    if (!value.is_string()) return wrong_value(score, "a string");
    score.string_value = value.get<std::string>();
    score.value = 0;
    if (!config) return {};
    const auto category =
        std::ranges::find(config->categories, *score.string_value, &ScoreCategory::label);
    if (category == config->categories.end()) {
        return field_fault("value", fmt::format("must be one of the categories of the score "
                                                "config \"{}\"",
                                                config->name));
    }
    score.value = category->value;
    return {};
}

FieldResult<void> set_text(ScoreRecord& score, const Json& value) {
    const std::size_t characters =
        value.is_string() ? count_code_points(value.get_ref<const std::string&>()) : 0;
    if (characters == 0 || characters > limits::k_score_text_characters_max) {
        return wrong_value(score, fmt::format("a string of 1 to {} characters",
                                              limits::k_score_text_characters_max));
    }
    score.string_value = value.get<std::string>();
    return {};
}

FieldResult<void> set_correction(ScoreRecord& score, const Json& value) {
    if (!value.is_string()) return wrong_value(score, "a string");
    if (score.subject_kind != ScoreSubjectKind::trace) {
        return field_fault("traceId", "must be given for a correction");
    }
    score.name = k_correction_name;
    score.string_value = value.get<std::string>();
    score.value = 0;
    return {};
}

FieldResult<void> set_value(ScoreRecord& score, const Json& value, const ScoreConfig* config) {
    if (score.data_type == "NUMERIC") return set_number(score, value, config);
    if (score.data_type == "BOOLEAN") return set_boolean(score, value);
    if (score.data_type == "CATEGORICAL") return set_category(score, value, config);
    if (score.data_type == "TEXT") return set_text(score, value);
    return set_correction(score, value);
}

FieldResult<void> obey(ScoreDraft& draft, const ScoreConfig& config) {
    if (config.is_archived) {
        return field_fault("configId", fmt::format("names the score config \"{}\", which is "
                                                   "archived",
                                                   config.name));
    }
    if (draft.data_type.value_or(config.data_type) != config.data_type) {
        return field_fault("dataType", fmt::format("must be {}, as in the score config \"{}\"",
                                                   config.data_type, config.name));
    }
    draft.data_type = config.data_type;
    draft.score.name = config.name;
    return {};
}

}  // namespace

FieldResult<ScoreDraft> read_score_body(Json& body, const EventFrame& frame, CutFields& cut) {
    ScoreDraft draft;
    ScoreRecord& score = draft.score;
    score.timestamp = frame.at;
    ASSAY_TRY(auto id, read_id(body, "id"));
    score.id = ScoreId(id ? std::move(*id) : frame.derive_id());
    ASSAY_TRY(draft.data_type, read_word(body, "dataType", k_data_types));
    ASSAY_TRY(auto name, read_string(body, "name"));
    if (name.value_or("").empty() && draft.data_type != "CORRECTION") {
        return field_fault("name", "must be a string that is not empty");
    }
    score.name = short_text(std::move(name).value_or(k_correction_name), "name", cut);
    ASSAY_CHECK(read_subject(body, score));
    ASSAY_CHECK(read_source(body, draft, score));
    ASSAY_CHECK(read_value(body, draft, cut));
    ASSAY_TRY(auto comment, read_string(body, "comment"));
    if (comment) score.comment = short_text(std::move(*comment), "comment", cut);
    ASSAY_TRY(const auto environment, read_string(body, "environment"));
    score.environment = normal_environment(environment.value_or(""));
    score.metadata = stored_metadata(take_field(body, "metadata"), "metadata", cut);
    return draft;
}

FieldResult<ScoreRecord> finish_score(ScoreDraft draft, const ScoreConfig* config) {
    if (config) ASSAY_CHECK(obey(draft, *config));
    ScoreRecord& score = draft.score;
    score.data_type = draft.data_type.value_or(draft.value.is_number() ? "NUMERIC" : "CATEGORICAL");
    ASSAY_CHECK(set_value(score, draft.value, config));
    return std::move(score);
}

}  // namespace assay
