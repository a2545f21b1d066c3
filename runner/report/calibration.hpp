#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/model/score.hpp"
#include "core/stats/classification.hpp"
#include "core/stats/corrected.hpp"
#include "runner/report/estimate.hpp"

namespace assay {

/// One output that people labelled and a judge judged.
struct LabelledOutput {
    std::string item_id;
    std::string output;  ///< output_digest() of it
    ScoreValue label;
    ScoreValue judged;                ///< of the same type
    std::string comment;              ///< the judge's
    std::vector<std::string> slices;  ///< values of CalibrationFacts::slices, in their order
};

/// The first 16 digits of the SHA-256 of an output's compact JSON: which output was labelled.
[[nodiscard]] std::string output_digest(const Json& output);

/// Labels that the judge gave no value for.
struct UnjudgedCounts {
    std::uint64_t errors = 0;     ///< the judge broke
    std::uint64_t skipped = 0;    ///< its `when` was false
    std::uint64_t no_output = 0;  ///< there was nothing to judge
};

/// What was compared, when and with what.
struct CalibrationFacts {
    std::string judge;           ///< the evaluator's name
    std::string evaluator_hash;  ///< covers all that can change what it says
    std::string type;            ///< of the evaluator: "rubric"
    std::string model;           ///< as the spec says: "openai:gpt-4.1"; "" = it has none
    std::string score;
    ScoreDataType data_type = ScoreDataType::boolean;
    Time made;
    std::string labels_file;  ///< as given
    std::string labels_sha256;
    std::string run_id;               ///< in which the judge judged
    std::vector<std::string> slices;  ///< paths: "metadata.lang"
    std::vector<std::string> order;   ///< of categories, lowest first; empty = they have none
    std::uint64_t seed = 0;           ///< of resampling
    UnjudgedCounts unjudged;
};

/// A statistic of agreement.
struct AgreementFigure {
    double value = 0;
    std::optional<ReportedInterval> interval;  ///< nothing where so few labels cannot say
};

/// How far the two agree over all labels, or over those of one slice.
struct Agreement {
    std::uint64_t outputs = 0;
    /// [people][judge]; nothing of numbers that are not a small scale.
    std::optional<ConfusionMatrix> matrix;
    /// By name, those that have a value. BOOLEAN: accuracy, kappa, sensitivity, specificity;
    /// CATEGORICAL: accuracy, kappa (weighted by the square of the distance when they have an
    /// order), "recall.CATEGORY"; NUMERIC: pearson, spearman, mean_absolute_error, bias (the
    /// judge's mean less people's), alpha; of a small scale kappa (weighted) and accuracy too.
    std::map<std::string, AgreementFigure> figures;

    [[nodiscard]] const AgreementFigure* find(const std::string& figure) const;
};

struct SliceAgreement {
    std::string path;
    std::string value;
    Agreement agreement;
};

/// Whether people and the judge say the same.
[[nodiscard]] bool agree(const LabelledOutput& output);

/// How far a judge agrees with people: the content of a calibration document.
struct Calibration {
    CalibrationFacts facts;
    Agreement whole;
    std::vector<SliceAgreement> slices;
    std::uint64_t disagreements = 0;
    std::vector<LabelledOutput> outputs;  ///< those that disagree first, the worst of them on top
    std::string sha256;                   ///< of the document that it was read from

    /// Of a BOOLEAN: what Rogan and Gladen's correction needs.
    [[nodiscard]] JudgeAccuracy accuracy() const;
};

inline constexpr double k_calibration_confidence = 0.95;

/// @error invalid_argument below two outputs, or more than limits::k_labels_max.
[[nodiscard]] Result<Calibration> calibrate(CalibrationFacts facts,
                                            std::vector<LabelledOutput> outputs);

/// The document, described in docs/calibration.md: the same calibration gives the same bytes.
[[nodiscard]] std::string calibration_document(const Calibration& calibration);
/// @param name  for messages.
/// @error invalid_argument saying what is wrong and where.
[[nodiscard]] Result<Calibration> calibration_from_text(std::string_view text,
                                                        const std::string& name);

/// For people, at most `columns` wide: the figures, what was confused with what, the worst
/// disagreements.
[[nodiscard]] std::string calibration_to_text(const Calibration& calibration, std::size_t columns);
[[nodiscard]] std::string calibration_to_markdown(const Calibration& calibration);

}  // namespace assay
