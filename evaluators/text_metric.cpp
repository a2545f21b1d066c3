#include "evaluators/text_metric.hpp"

#include <fmt/format.h>

#include <utility>

namespace assay {
namespace {

/// A list of one object or list is no list of texts but a mistake in the mapping of the dataset.
bool is_plain(const Json& value) { return value.is_primitive() && !value.is_null(); }

}  // namespace

Result<std::vector<Score>> TextMetric::evaluate(const EvaluationInput& input) const {
    ASSAY_TRY(const References references, read_references(*input.expected));
    std::string scratch;
    const std::string_view output = as_text(input.output, scratch);
    const std::size_t most = bytes_max_ / references.size();
    if (output.size() > most) {
        return failure(ErrorCode::resource_exhausted,
                       fmt::format("the output has {} bytes; this metric reads up to {}{}; "
                                   "`extract` can cut out the part that counts",
                                   output.size(), most,
                                   references.size() == 1
                                       ? ""
                                       : fmt::format(" for {} references", references.size())));
    }
    Measurement measured = measure(output, references);
    return one_score(measured.score, std::move(measured.comment));
}

Result<void> TextMetric::check_expected(const Json& expected) const {
    ASSAY_CHECK(read_references(expected));
    return {};
}

Result<TextMetric::References> TextMetric::read_references(const Json& expected) const {
    References references;
    if (!expected.is_array()) {
        references.push_back(as_text(expected));
    } else if (expected.empty() || expected.size() > limits::k_references_max) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the expected list has {} texts; it must have 1 to {}",
                                   expected.size(), limits::k_references_max));
    } else {
        for (const Json& reference : expected) {
            if (!is_plain(reference)) {
                return failure(ErrorCode::invalid_argument,
                               fmt::format("number {} of the expected list is {}, not a text",
                                           references.size() + 1, type_phrase(reference)));
            }
            references.push_back(as_text(reference));
        }
    }
    std::size_t bytes = 0;
    for (const std::string& reference : references) bytes += reference.size();
    if (bytes <= bytes_max_) return references;
    return failure(ErrorCode::resource_exhausted,
                   fmt::format("the expected value has {} bytes; this metric reads up to {}; "
                               "`expected_extract` can cut out the part that counts",
                               bytes, bytes_max_));
}

Measurement best_of(std::size_t references,
                    const std::function<Measurement(std::size_t reference)>& measurement) {
    Measurement best = measurement(0);
    std::size_t which = 0;
    for (std::size_t i = 1; i < references; ++i) {
        Measurement next = measurement(i);
        if (next.score <= best.score) continue;
        best = std::move(next);
        which = i;
    }
    if (references > 1) best.comment += fmt::format(", reference {} of {}", which + 1, references);
    return best;
}

PrecisionRecall PrecisionRecall::of(const SharedCounts& counts) {
    const auto share = [common = counts.common](std::size_t of) {
        return of == 0 ? 0.0 : static_cast<double>(common) / static_cast<double>(of);
    };
    return {.precision = share(counts.in_output), .recall = share(counts.in_reference)};
}

double PrecisionRecall::f(double beta) const {
    const double weight = beta * beta;
    const double below = weight * precision + recall;
    return below == 0 ? 0.0 : (1 + weight) * precision * recall / below;
}

std::string PrecisionRecall::comment() const {
    return fmt::format("precision {:.4g}, recall {:.4g}", precision, recall);
}

}  // namespace assay
