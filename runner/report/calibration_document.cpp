// The file form of a calibration, described in docs/calibration.md.
#include <fmt/format.h>

#include "core/base/hash.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "runner/report/calibration.hpp"
#include "runner/report/json_fields.hpp"

namespace assay {
namespace {

std::unexpected<Error> wrong(std::string message) {
    return failure(ErrorCode::invalid_argument, std::move(message));
}

OrderedJson to_json(const AgreementFigure& figure) {
    OrderedJson json = {{"value", figure.value}, {"interval", nullptr}};
    if (!figure.interval) return json;
    json["interval"] = {{"low", figure.interval->low},
                        {"high", figure.interval->high},
                        {"confidence", figure.interval->confidence},
                        {"method", figure.interval->method}};
    return json;
}

OrderedJson to_json(const Agreement& agreement) {
    OrderedJson json = {{"outputs", agreement.outputs}};
    json["confusion"] = nullptr;
    if (agreement.matrix) {
        json["confusion"] = {{"labels", agreement.matrix->labels},
                             {"counts", agreement.matrix->counts}};
    }
    json["statistics"] = OrderedJson::object();
    for (const auto& [name, figure] : agreement.figures) {
        json["statistics"][name] = to_json(figure);
    }
    return json;
}

OrderedJson to_json(const SliceAgreement& slice) {
    OrderedJson json = {{"path", slice.path}, {"value", slice.value}};
    json.update(to_json(slice.agreement));
    return json;
}

OrderedJson to_json(const LabelledOutput& output) {
    OrderedJson json = {{"item_id", output.item_id},
                        {"output", output.output},
                        {"label", OrderedJson(assay::to_json(output.label))},
                        {"judged", OrderedJson(assay::to_json(output.judged))}};
    if (!output.slices.empty()) json["slices"] = output.slices;
    if (!agree(output) && !output.comment.empty()) json["comment"] = output.comment;
    return json;
}

OrderedJson to_json(const UnjudgedCounts& unjudged) {
    return {{"errors", unjudged.errors},
            {"skipped", unjudged.skipped},
            {"no_output", unjudged.no_output}};
}

Result<std::vector<std::string>> texts_at(const Json& object, const char* key) {
    ASSAY_TRY(const Json* array, array_at(object, key));
    std::vector<std::string> texts;
    for (const Json& text : *array) {
        if (!text.is_string())
            return wrong(fmt::format("`{}` holds something that is no text", key));
        texts.push_back(text);
    }
    return texts;
}

Result<double> number_at(const Json& object, const char* key) {
    ASSAY_TRY(const auto number, optional_number_at(object, key));
    if (number) return *number;
    return wrong(fmt::format("`{}` is missing", key));
}

Result<AgreementFigure> read_figure(const Json& json) {
    AgreementFigure figure;
    ASSAY_TRY(figure.value, number_at(json, "value"));
    if (!json.contains("interval") || json["interval"].is_null()) return figure;
    ASSAY_TRY(const Json* interval, object_at(json, "interval"));
    ReportedInterval read;
    ASSAY_TRY(read.low, number_at(*interval, "low"));
    ASSAY_TRY(read.high, number_at(*interval, "high"));
    ASSAY_TRY(read.confidence, number_at(*interval, "confidence"));
    ASSAY_TRY(read.method, text_at(*interval, "method"));
    figure.interval = std::move(read);
    return figure;
}

Result<ConfusionMatrix> read_matrix(const Json& json) {
    ConfusionMatrix matrix;
    ASSAY_TRY(matrix.labels, texts_at(json, "labels"));
    ASSAY_TRY(const Json* rows, array_at(json, "counts"));
    for (const Json& row : *rows) {
        std::vector<std::uint64_t>& counts = matrix.counts.emplace_back();
        if (!row.is_array()) return wrong("`counts` is no matrix");
        for (const Json& count : row) {
            if (!count.is_number_unsigned())
                return wrong("`counts` holds something that is no count");
            counts.push_back(count);
        }
        if (counts.size() != matrix.labels.size())
            return wrong("`counts` is not as wide as `labels`");
    }
    if (matrix.counts.size() == matrix.labels.size()) return matrix;
    return wrong("`counts` is not as high as `labels`");
}

Result<Agreement> read_agreement(const Json& json) {
    Agreement agreement;
    ASSAY_TRY(agreement.outputs, count_at(json, "outputs"));
    if (json.contains("confusion") && !json["confusion"].is_null()) {
        ASSAY_TRY(const Json* confusion, object_at(json, "confusion"));
        ASSAY_TRY(agreement.matrix, read_matrix(*confusion));
    }
    ASSAY_TRY(const Json* statistics, object_at(json, "statistics"));
    for (const auto& [name, figure] : statistics->items()) {
        auto read = read_figure(figure);
        if (!read) return at_place(fmt::format("statistics.{}", name), read.error());
        agreement.figures.emplace(name, std::move(*read));
    }
    return agreement;
}

Result<SliceAgreement> read_slice(const Json& json) {
    SliceAgreement slice;
    ASSAY_TRY(slice.path, text_at(json, "path"));
    ASSAY_TRY(slice.value, text_at(json, "value"));
    ASSAY_TRY(slice.agreement, read_agreement(json));
    return slice;
}

Result<ScoreValue> value_at(const Json& json, const char* key, ScoreDataType type) {
    if (!json.contains(key)) return wrong(fmt::format("`{}` is missing", key));
    ASSAY_TRY(ScoreValue value, score_value_from_json(json[key]));
    if (data_type_of(value) == type) return value;
    return wrong(fmt::format("`{}` is {} where a {} score belongs", key, type_phrase(json[key]),
                             to_string(type)));
}

Result<LabelledOutput> read_output(const Json& json, const CalibrationFacts& facts) {
    LabelledOutput output;
    ASSAY_TRY(output.item_id, text_at(json, "item_id"));
    ASSAY_TRY(output.output, text_at(json, "output"));
    ASSAY_TRY(output.label, value_at(json, "label", facts.data_type));
    ASSAY_TRY(output.judged, value_at(json, "judged", facts.data_type));
    ASSAY_TRY(output.comment, optional_text_at(json, "comment"));
    if (facts.slices.empty()) return output;
    ASSAY_TRY(output.slices, texts_at(json, "slices"));
    if (output.slices.size() == facts.slices.size()) return output;
    return wrong("`slices` has not one value for each path");
}

Result<CalibrationFacts> read_facts(const Json& json) {
    CalibrationFacts facts;
    ASSAY_TRY(facts.judge, text_at(json, "judge"));
    ASSAY_TRY(facts.evaluator_hash, text_at(json, "evaluator_hash"));
    ASSAY_TRY(facts.type, text_at(json, "type"));
    ASSAY_TRY(facts.model, optional_text_at(json, "model"));
    ASSAY_TRY(facts.score, text_at(json, "score"));
    ASSAY_TRY(const std::string type, text_at(json, "data_type"));
    ASSAY_TRY(facts.data_type, parse_score_data_type(type));
    ASSAY_TRY(const std::string made, text_at(json, "made_at"));
    ASSAY_TRY(facts.made, parse_rfc3339(made));
    ASSAY_TRY(const Json* labels, object_at(json, "labels"));
    ASSAY_TRY(facts.labels_file, text_at(*labels, "file"));
    ASSAY_TRY(facts.labels_sha256, text_at(*labels, "sha256"));
    ASSAY_TRY(facts.run_id, optional_text_at(json, "run_id"));
    ASSAY_TRY(facts.slices, texts_at(json, "slice_paths"));
    ASSAY_TRY(facts.order, texts_at(json, "order"));
    ASSAY_TRY(facts.seed, count_at(json, "seed"));
    ASSAY_TRY(const Json* unjudged, object_at(json, "not_judged"));
    ASSAY_TRY(facts.unjudged.errors, count_at(*unjudged, "errors"));
    ASSAY_TRY(facts.unjudged.skipped, count_at(*unjudged, "skipped"));
    ASSAY_TRY(facts.unjudged.no_output, count_at(*unjudged, "no_output"));
    return facts;
}

/// Lists the parts of a document, one a line.
void append_lines(const char* key, const std::vector<OrderedJson>& entries, std::string& text) {
    text += fmt::format("\"{}\":[", key);
    std::string_view separator = "\n";
    for (const OrderedJson& entry : entries) {
        text += separator;
        text += to_text(entry);
        separator = ",\n";
    }
    text += "\n]";
}

Result<Calibration> read_calibration(const Json& json) {
    ASSAY_TRY(const std::uint64_t version, count_at(json, "assay_calibration"));
    if (version != 1) {
        return wrong(
            fmt::format("was written by a newer assay (format {}, this one knows 1); use "
                        "that version",
                        version));
    }
    Calibration calibration;
    ASSAY_TRY(calibration.facts, read_facts(json));
    ASSAY_TRY(calibration.whole, read_agreement(json));
    ASSAY_TRY(const Json* slices, array_at(json, "slices"));
    for (std::size_t i = 0; i < slices->size(); ++i) {
        auto slice = read_slice((*slices)[i]);
        if (!slice) return at_place(fmt::format("slices[{}]", i), slice.error());
        calibration.slices.push_back(std::move(*slice));
    }
    ASSAY_TRY(calibration.disagreements, count_at(json, "disagreements"));
    ASSAY_TRY(const Json* outputs, array_at(json, "labelled"));
    for (std::size_t i = 0; i < outputs->size(); ++i) {
        auto output = read_output((*outputs)[i], calibration.facts);
        if (!output) return at_place(fmt::format("labelled[{}]", i), output.error());
        calibration.outputs.push_back(std::move(*output));
    }
    if (calibration.outputs.size() == calibration.whole.outputs) return calibration;
    return wrong(fmt::format("`labelled` has {} outputs where `outputs` is {}",
                             calibration.outputs.size(), calibration.whole.outputs));
}

}  // namespace

std::string calibration_document(const Calibration& calibration) {
    const CalibrationFacts& facts = calibration.facts;
    OrderedJson head = {
        {"assay_calibration", 1},
        {"judge", facts.judge},
        {"evaluator_hash", facts.evaluator_hash},
        {"type", facts.type},
        {"model", facts.model.empty() ? OrderedJson(nullptr) : OrderedJson(facts.model)},
        {"score", facts.score},
        {"data_type", to_string(facts.data_type)},
        {"made_at", to_rfc3339(facts.made)},
        {"run_id", facts.run_id.empty() ? OrderedJson(nullptr) : OrderedJson(facts.run_id)},
        {"labels", {{"file", facts.labels_file}, {"sha256", facts.labels_sha256}}},
        {"not_judged", to_json(facts.unjudged)},
        {"slice_paths", facts.slices},
        {"order", facts.order},
        {"seed", facts.seed}};
    head.update(to_json(calibration.whole));
    head["disagreements"] = calibration.disagreements;
    std::string text = "{";
    std::string_view separator;
    for (const auto& [key, value] : head.items()) {
        text += fmt::format("{}\"{}\":{}", separator, key, to_text(value));
        separator = ",\n";
    }
    std::vector<OrderedJson> slices;
    for (const SliceAgreement& slice : calibration.slices) slices.push_back(to_json(slice));
    std::vector<OrderedJson> outputs;
    for (const LabelledOutput& output : calibration.outputs) outputs.push_back(to_json(output));
    text += ",\n";
    append_lines("slices", slices, text);
    text += ",\n";
    append_lines("labelled", outputs, text);
    return text + "}\n";
}

Result<Calibration> calibration_from_text(std::string_view text, const std::string& name) {
    const auto json = parse_json(text);
    if (!json) return at_place(name, json.error());
    if (!json->is_object() || !json->contains("assay_calibration")) {
        return wrong(
            fmt::format("{} is no calibration; make one with: assay judge calibrate SPEC "
                        "--labels FILE --out {}",
                        name, name));
    }
    auto calibration = read_calibration(*json);
    if (!calibration) return at_place(name, calibration.error());
    calibration->sha256 = sha256_hex(text);
    return calibration;
}

}  // namespace assay
