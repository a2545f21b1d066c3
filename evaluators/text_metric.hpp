#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/limits.hpp"
#include "evaluators/evaluator.hpp"
#include "evaluators/ngrams.hpp"

namespace assay {

/// What a text metric found: a score from 0 to 1 and what it is made of.
struct Measurement {
    double score = 0;
    std::string comment;
};

/// An evaluator that measures how close the output comes to the expected text, the reference. An
/// expected list of texts is a list of references; what several of them mean is up to the metric.
class TextMetric : public Evaluator {
  public:
    [[nodiscard]] Result<std::vector<Score>> evaluate(const EvaluationInput& input) const final;
    [[nodiscard]] Result<void> check_expected(const Json& expected) const final;

  protected:
    using References = std::vector<std::string>;

    /// @param bytes_max  the most bytes of all references together, and of the output times the
    ///                   number of references: the time grows with both.
    explicit TextMetric(std::size_t bytes_max = limits::k_text_metric_bytes_max)
        : bytes_max_(bytes_max) {}

  private:
    /// @param references  one or more
    [[nodiscard]] virtual Measurement measure(std::string_view output,
                                              const References& references) const = 0;
    [[nodiscard]] Result<References> read_references(const Json& expected) const;

    std::size_t bytes_max_;
};

/// The highest of the measurements of all references, the first one of equals; of several the
/// comment says which it was.
[[nodiscard]] Measurement best_of(
    std::size_t references, const std::function<Measurement(std::size_t reference)>& measurement);

/// Shares of the output that are right and of the reference that were found.
struct PrecisionRecall {
    double precision = 0;
    double recall = 0;

    /// Of counts; a share of nothing is 0.
    static PrecisionRecall of(const SharedCounts& counts);
    /// (1 + β²) · P · R / (β² · P + R), with `beta` times as much weight on the recall as on the
    /// precision; 0 when both are 0. Source: van Rijsbergen, Information Retrieval, 1979, ch. 7.
    [[nodiscard]] double f(double beta = 1) const;
    /// "precision 0.75, recall 0.6"
    [[nodiscard]] std::string comment() const;
};

}  // namespace assay
