#include "configs/verdict_scale.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "configs/spec_reader.hpp"
#include "core/base/text.hpp"

namespace assay {
namespace {

std::optional<double> number_in(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

/// Reads a scale and reports what cannot be one.
class ScaleReader {
  public:
    explicit ScaleReader(const SpecReader& output) : output_(output) {}

    std::optional<VerdictScale> read() {
        static const KnownNames k_keys = {.names = {"type", "min", "max", "integer", "points"},
                                          .later = {}};
        const std::size_t before = output_.source().diagnostics->size();
        if (!output_.expect_map(k_keys)) return std::nullopt;
        read_type();
        read_range();
        read_points();
        if (output_.source().diagnostics->size() > before) return std::nullopt;
        check_points();
        if (output_.source().diagnostics->size() > before) return std::nullopt;
        sort_points();
        return std::move(scale_);
    }

  private:
    void read_type() {
        static const KnownNames k_types = {.names = {"NUMERIC", "BOOLEAN", "CATEGORICAL"},
                                           .later = {}};
        const auto type = output_.require("type");
        const auto name = type ? type->text() : std::nullopt;
        if (!name || !type->expect_name("score type", *name, k_types)) return;
        scale_.type = parse_score_data_type(*name).value_or(ScoreDataType::numeric);
    }

    void read_range() {
        for (const char* key : {"min", "max", "integer"}) {
            const auto found = output_.find(key);
            if (found && scale_.type != ScoreDataType::numeric) {
                found->mistake_at_key(fmt::format("`{}` is for NUMERIC verdicts", key));
                return;
            }
        }
        if (const auto min = output_.find("min")) scale_.min = min->number().value_or(0);
        if (const auto max = output_.find("max")) scale_.max = max->number().value_or(1);
        if (const auto whole = output_.find("integer")) {
            scale_.integer = whole->boolean().value_or(false);
        }
        if (!(scale_.min < scale_.max)) {
            output_.mistake(fmt::format("{}: `min` ({}) must be below `max` ({})", output_.title(),
                                        scale_.min, scale_.max));
        }
        const bool whole =
            scale_.min == std::floor(scale_.min) && scale_.max == std::floor(scale_.max);
        if (scale_.integer && !whole) {
            output_.mistake(fmt::format("{}: with `integer`, `min` and `max` are whole numbers",
                                        output_.title()));
        }
    }

    void read_points() {
        const auto points = output_.find("points");
        if (!points) return;
        if (points->value().is_array()) {
            for (const SpecReader& label : points->items()) {
                if (auto text = label.text()) add({.label = std::move(*text)}, label);
            }
            return;
        }
        if (!points->expect_map()) return;
        for (const auto& [label, point] : points->members()) {
            if (auto read = read_point(label, point)) add(std::move(*read), point);
        }
    }

    static std::optional<VerdictScale::Point> read_point(const std::string& label,
                                                         const SpecReader& point) {
        VerdictScale::Point read{.label = label};
        if (point.value().is_string()) {
            read.meaning = point.value().get<std::string>();
        } else if (point.value().is_number()) {
            read.score = point.number();
        } else if (point.value().is_object()) {
            (void)point.expect_map({.names = {"meaning", "score"}, .later = {}});
            read_text(point, "meaning", read.meaning);
            if (const auto score = point.find("score")) read.score = score->number();
        } else {
            point.wrong_type("its meaning, its score or a map with the keys `meaning` and `score`");
            return std::nullopt;
        }
        return read;
    }

    void add(VerdictScale::Point point, const SpecReader& where) {
        const bool taken = std::ranges::find(scale_.points, point.label,
                                             &VerdictScale::Point::label) != scale_.points.end();
        if (trim(point.label) != point.label || point.label.empty()) {
            where.mistake("the label of a point is not empty and has no blanks at its ends");
        } else if (taken) {
            where.mistake(fmt::format("the point \"{}\" stands here twice", point.label));
        } else {
            scale_.points.push_back(std::move(point));
        }
    }

    void check_points() {
        const auto scored = std::ranges::count_if(
            scale_.points,
            [](const VerdictScale::Point& point) { return point.score.has_value(); });
        const bool all = scored == std::ssize(scale_.points);
        if (scale_.type != ScoreDataType::categorical) {
            if (scored > 0) mistake("only the points of CATEGORICAL verdicts have scores");
            for (const VerdictScale::Point& point : scale_.points) check_point(point);
            return;
        }
        if (scale_.points.size() < 2) mistake("CATEGORICAL verdicts need two `points` or more");
        if (scored > 0 && !all) mistake("either all points have a score or none has");
        scale_.scores_points = scored > 0;
    }

    void check_point(const VerdictScale::Point& point) const {
        if (scale_.type == ScoreDataType::boolean) {
            if (point.label == "true" || point.label == "false") return;
            return mistake("the points of BOOLEAN verdicts are true and false");
        }
        const auto number = number_in(point.label);
        const bool inside = number && *number >= scale_.min && *number <= scale_.max;
        const bool fits = inside && (!scale_.integer || *number == std::floor(*number));
        if (fits) return;
        mistake(fmt::format("the point \"{}\" is no {} from {} to {}", point.label,
                            scale_.integer ? "whole number" : "number", scale_.min, scale_.max));
    }

    void mistake(std::string_view message) const {
        output_.find("points").value_or(output_).mistake(std::string(message));
    }

    /// JSON keeps keys as texts, in which "10" comes before "2"; what is worth most comes first.
    void sort_points() {
        if (scale_.type == ScoreDataType::numeric) {
            std::ranges::sort(scale_.points, {}, [](const VerdictScale::Point& point) {
                return number_in(point.label).value_or(0);
            });
        } else if (scale_.scores_points) {
            std::ranges::sort(scale_.points, {}, [](const VerdictScale::Point& point) {
                return std::pair(-point.score.value_or(0), point.label);
            });
        }
    }

    SpecReader output_;
    VerdictScale scale_;
};

Json verdict_schema(const VerdictScale& scale) {
    switch (scale.type) {
        case ScoreDataType::boolean: return {{"type", "boolean"}};
        case ScoreDataType::numeric:
            return {{"type", scale.integer ? "integer" : "number"},
                    {"minimum", scale.min},
                    {"maximum", scale.max}};
        case ScoreDataType::categorical: break;
    }
    Json labels = Json::array();
    for (const VerdictScale::Point& point : scale.points) labels.push_back(point.label);
    return {{"type", "string"}, {"enum", std::move(labels)}};
}

std::string describe_range(const VerdictScale& scale) {
    switch (scale.type) {
        case ScoreDataType::boolean: return "The verdict is true or false";
        case ScoreDataType::numeric:
            return fmt::format("The verdict is a {} from {} to {}",
                               scale.integer ? "whole number" : "number", scale.min, scale.max);
        case ScoreDataType::categorical: break;
    }
    std::vector<std::string> labels;
    for (const VerdictScale::Point& point : scale.points) {
        labels.push_back(to_text(Json(point.label)));
    }
    return fmt::format("The verdict is one of {}", fmt::join(labels, ", "));
}

}  // namespace

ScoreDataType VerdictScale::score_type() const {
    return scores_points ? ScoreDataType::numeric : type;
}

Json VerdictScale::schema() const {
    return {
        {"type", "object"},
        {"properties",
         {{"reasoning", {{"type", "string"}, {"description", "the reasons, before the verdict"}}},
          {"verdict", verdict_schema(*this)}}},
        {"required", {"reasoning", "verdict"}},
        {"additionalProperties", false}};
}

std::string VerdictScale::describe() const {
    std::string text = describe_range(*this);
    const bool explained =
        std::ranges::any_of(points, [](const Point& point) { return !point.meaning.empty(); });
    if (!explained) return text + ".";
    text += ":";
    for (const Point& point : points) {
        if (!point.meaning.empty()) text += fmt::format("\n- {}: {}", point.label, point.meaning);
    }
    return text;
}

std::optional<VerdictScale> read_verdict_scale(const SpecReader& output) {
    return ScaleReader(output).read();
}

Result<VerdictScale> parse_verdict_scale(const Json& output, std::string_view name) {
    const SourceMap places;
    Diagnostics diagnostics;
    const SpecReader reader(output, pointer_to("", name), {&places, &diagnostics});
    auto scale = read_verdict_scale(reader);
    if (scale) return std::move(*scale);
    std::vector<std::string> messages;
    for (const Diagnostic& diagnostic : diagnostics) messages.push_back(diagnostic.message);
    return failure(ErrorCode::invalid_argument,
                   fmt::format("\"{}\": {}", name, fmt::join(messages, "; ")));
}

}  // namespace assay
