#include "runner/sources/trace_filter.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>

#include "core/base/text.hpp"
#include "core/model/filter_node.hpp"
#include "runner/sources/document.hpp"

namespace assay {
namespace {

using Node = Filter::Node;
using Operator = Node::Operator;

/// What a condition can be about.
enum class Subject : std::uint8_t {
    text,
    level,  ///< a text that traces do not tell
    time,
    number,
    computed,  ///< a number that traces do not tell
    boolean,
    tags,
    metadata,
    content,
    scores,
};

struct SubjectName {
    std::string_view name;
    Subject subject;
};

constexpr std::array k_names = {
    SubjectName{"id", Subject::text},
    SubjectName{"name", Subject::text},
    SubjectName{"userId", Subject::text},
    SubjectName{"sessionId", Subject::text},
    SubjectName{"environment", Subject::text},
    SubjectName{"release", Subject::text},
    SubjectName{"version", Subject::text},
    SubjectName{"level", Subject::level},
    SubjectName{"timestamp", Subject::time},
    SubjectName{"createdAt", Subject::time},
    SubjectName{"updatedAt", Subject::time},
    SubjectName{"latency", Subject::number},
    SubjectName{"totalCost", Subject::number},
    SubjectName{"inputCost", Subject::computed},
    SubjectName{"outputCost", Subject::computed},
    SubjectName{"inputTokens", Subject::computed},
    SubjectName{"outputTokens", Subject::computed},
    SubjectName{"totalTokens", Subject::computed},
    SubjectName{"errorCount", Subject::computed},
    SubjectName{"warningCount", Subject::computed},
    SubjectName{"public", Subject::boolean},
    SubjectName{"bookmarked", Subject::boolean},
    SubjectName{"tags", Subject::tags},
    SubjectName{"metadata", Subject::metadata},
    SubjectName{"input", Subject::content},
    SubjectName{"output", Subject::content},
    SubjectName{"scores", Subject::scores},
};

std::unexpected<Error> refuse(std::string_view why) {
    return failure(ErrorCode::invalid_argument, fmt::format("--filter: {}", why));
}

/// The parser knows no other first names of paths.
Subject subject_named(std::string_view name) {
    const auto* const found = std::ranges::find(k_names, name, &SubjectName::name);
    ASSAY_ASSERT(found != k_names.end(), "a path begins with a known name");
    return found->subject;
}

Subject subject_of(const Node& condition) { return subject_named(condition.path.front()); }

bool has_members(Subject subject) {
    return subject == Subject::metadata || subject == Subject::content ||
           subject == Subject::scores;
}

/// Whether a trace says enough of it to decide a condition.
bool is_told(Subject subject) {
    return subject != Subject::level && subject != Subject::time && subject != Subject::computed;
}

/// Whether a list tells of it; else the whole trace is needed.
bool is_listed(Subject subject) { return is_told(subject) && !has_members(subject); }

bool is_order(Operator op) {
    return op == Operator::less || op == Operator::less_equal || op == Operator::greater ||
           op == Operator::greater_equal;
}

bool are_texts(const std::vector<Json>& operands) {
    return std::ranges::all_of(operands, &Json::is_string);
}
bool are_numbers(const std::vector<Json>& operands) {
    return std::ranges::all_of(operands, [](const Json& value) { return value.is_number(); });
}
bool are_numbers_or_booleans(const std::vector<Json>& operands) {
    return std::ranges::all_of(
        operands, [](const Json& value) { return value.is_number() || value.is_boolean(); });
}

// --- What can never hold ---

Result<void> check_operands(const Node& condition) {
    const std::string& name = condition.path.front();
    switch (subject_of(condition)) {
        case Subject::text:
        case Subject::level:
        case Subject::tags:
            if (are_texts(condition.operands)) return {};
            return refuse(
                fmt::format("{} is compared with texts, as in {} {} 'x'; without one it "
                            "is `not {} exists`",
                            name, name, condition.path.front() == "tags" ? "contains" : "=", name));
        case Subject::number:
        case Subject::computed:
            if (are_numbers(condition.operands)) return {};
            return refuse(fmt::format("{} is a number, as in {} > 2", name, name));
        case Subject::boolean:
            if (are_numbers_or_booleans(condition.operands)) return {};
            return refuse(fmt::format("{} is true or false, as in {} = true", name, name));
        case Subject::time:
            for (const Json& operand : condition.operands) {
                const bool is_time =
                    operand.is_string() && parse_rfc3339(operand.get<std::string>());
                if (!is_time) {
                    return refuse(fmt::format(
                        "{} is compared with a time, as in {} >= '2026-11-01T09:30:00Z'", name,
                        name));
                }
            }
            return {};
        default: return {};
    }
}

Result<void> check_conditions(const Node& node) {
    for (const Node& part : node.parts) ASSAY_CHECK(check_conditions(part));
    if (node.kind != Node::Kind::condition) return {};
    if (node.path.size() > 1 && !has_members(subject_of(node))) {
        return refuse(fmt::format("{} has no members, so {} leads nowhere", node.path.front(),
                                  fmt::join(node.path, ".")));
    }
    return check_operands(node);
}

// --- What the API says as well ---

FilterOperator api_operator(Operator op) {
    switch (op) {
        case Operator::less: return FilterOperator::less;
        case Operator::less_equal: return FilterOperator::less_or_equal;
        case Operator::greater: return FilterOperator::greater;
        case Operator::greater_equal: return FilterOperator::greater_or_equal;
        default: return FilterOperator::equal;
    }
}

std::vector<std::string> texts_in(const std::vector<Json>& operands) {
    std::vector<std::string> texts;
    for (const Json& operand : operands) texts.push_back(operand.get<std::string>());
    return texts;
}

/// A number of a condition, BOOLEAN scores being 1 and 0.
double number_in(const Json& operand) {
    if (operand.is_boolean()) return operand.get<bool>() ? 1 : 0;
    return operand.get<double>();
}

std::optional<FilterElement> text_element(const Node& condition) {
    const std::string& column = condition.path.front();
    if (condition.op == Operator::equal || condition.op == Operator::in) {
        return any_of(column, texts_in(condition.operands));
    }
    // Of what a trace does not tell, a server may find texts in either case.
    if (condition.op != Operator::contains || subject_of(condition) == Subject::level) {
        return std::nullopt;
    }
    return FilterElement{.type = FilterType::string,
                         .column = column,
                         .op = FilterOperator::contains,
                         .value = condition.operands.front().get<std::string>()};
}

std::optional<FilterElement> number_element(const Node& condition) {
    if (condition.op != Operator::equal && !is_order(condition.op)) return std::nullopt;
    return compare(condition.path.front(), api_operator(condition.op),
                   number_in(condition.operands.front()));
}

std::optional<FilterElement> time_element(const Node& condition) {
    if (!is_order(condition.op)) return std::nullopt;
    const auto time = parse_rfc3339(condition.operands.front().get<std::string>());
    ASSAY_ASSERT(time.has_value(), "times are checked first");
    return FilterElement{.type = FilterType::datetime,
                         .column = condition.path.front(),
                         .op = api_operator(condition.op),
                         .value = *time};
}

/// A part of those that the API finds may not pass: it takes 5 and '5' for the same.
std::optional<FilterElement> metadata_element(const Node& condition) {
    const bool is_simple = condition.path.size() == 2 && condition.op == Operator::equal &&
                           condition.operands.front().is_string();
    if (!is_simple) return std::nullopt;
    return FilterElement{.type = FilterType::string_object,
                         .column = "metadata",
                         .key = condition.path[1],
                         .value = condition.operands.front().get<std::string>()};
}

std::optional<FilterElement> score_element(const Node& condition) {
    if (condition.path.size() != 2 || condition.operands.empty()) return std::nullopt;
    const bool is_equality = condition.op == Operator::equal;
    if (are_numbers_or_booleans(condition.operands) && (is_equality || is_order(condition.op))) {
        return FilterElement{.type = FilterType::number_object,
                             .column = "scores_avg",
                             .op = api_operator(condition.op),
                             .key = condition.path[1],
                             .value = number_in(condition.operands.front())};
    }
    if (are_texts(condition.operands) && (is_equality || condition.op == Operator::in)) {
        return FilterElement{.type = FilterType::category_options,
                             .column = "score_categories",
                             .op = FilterOperator::any_of,
                             .key = condition.path[1],
                             .value = texts_in(condition.operands)};
    }
    return std::nullopt;
}

std::optional<FilterElement> element_of(const Node& condition) {
    if (condition.op == Operator::exists) return std::nullopt;
    switch (subject_of(condition)) {
        case Subject::text:
        case Subject::level: return text_element(condition);
        case Subject::time: return time_element(condition);
        case Subject::number:
        case Subject::computed: return number_element(condition);
        case Subject::boolean:
            if (condition.op != Operator::equal) return std::nullopt;
            return is_true(condition.path.front(), number_in(condition.operands.front()) == 1);
        case Subject::tags:
            if (condition.op != Operator::contains) return std::nullopt;
            return all_of("tags", texts_in(condition.operands));
        case Subject::metadata: return metadata_element(condition);
        case Subject::scores: return score_element(condition);
        case Subject::content: return std::nullopt;
    }
    std::unreachable();
}

/// Whether the trace has to be looked at although the source was asked. What a list tells costs
/// nothing to look at, and a server that knows no filters is not believed.
bool is_left(const Node& condition) {
    const Subject subject = subject_of(condition);
    return subject == Subject::text || subject == Subject::tags || subject == Subject::metadata;
}

// --- What is left ---

/// That a trace says enough to decide it, and how much of the trace that takes.
Result<TraceDetail> detail_for(const Filter& filter) {
    TraceDetail detail = TraceDetail::listed;
    for (const auto& path : filter.paths()) {
        const Subject subject = subject_named(path.front());
        if (!is_told(subject)) {
            return refuse(fmt::format(
                "{} can only be compared with {}, and joined to the rest by `and`", path.front(),
                subject == Subject::time    ? "< <= > >="
                : subject == Subject::level ? "= and in"
                                            : "= < <= > >="));
        }
        if (!is_listed(subject)) detail = TraceDetail::whole;
    }
    return detail;
}

/// The value of each score: the mean of numbers; of texts the one, or a list of several.
Json scores_in(const OrderedJson& trace) {
    struct Mean {
        double sum = 0;
        double count = 0;
    };
    std::map<std::string, Mean> numbers;
    Json scores = Json::object();
    for (const OrderedJson& score : list_of(trace, "scores")) {
        const auto name = text_of(score, "name");
        if (!name) continue;
        const std::string type = text_of(score, "dataType").value_or("NUMERIC");
        const auto number = number_of(score, "value");
        if ((type == "NUMERIC" || type == "BOOLEAN") && number) {
            Mean& mean = numbers[*name];
            mean.sum += *number;
            ++mean.count;
        } else if (const auto text = text_of(score, "stringValue"); text && type == "CATEGORICAL") {
            Json& texts = scores[*name];
            if (std::ranges::find(texts, Json(*text)) == texts.end()) texts.push_back(*text);
        }
    }
    for (Json& texts : scores) {
        if (texts.size() == 1) texts = Json(texts.front());
    }
    for (const auto& [name, mean] : numbers) scores[name] = mean.sum / mean.count;
    return scores;
}

/// What paths lead to. What a trace has not, is missing and not null.
Json facts_of(const OrderedJson& trace) {
    Json facts = Json::object();
    for (const SubjectName& each : k_names) {
        const std::string name(each.name);
        const OrderedJson& value = member_of(trace, name.c_str());
        if (is_told(each.subject) && !value.is_null()) facts[name] = Json(value);
    }
    facts["scores"] = scores_in(trace);
    return facts;
}

Result<TraceFilter> translate(const Filter& filter) {
    ASSAY_CHECK(check_conditions(filter.root()));
    TraceFilter wanted;
    for (const Filter& part : filter.conjuncts()) {
        const bool is_condition = part.root().kind == Node::Kind::condition;
        const auto element = is_condition ? element_of(part.root()) : std::nullopt;
        if (element) wanted.elements.push_back(*element);
        if (element && !is_left(part.root())) continue;
        ASSAY_TRY(const TraceDetail detail, detail_for(part));
        wanted.detail = std::max(wanted.detail, detail);
        wanted.rest.push_back(part);
    }
    return wanted;
}

}  // namespace

bool TraceFilter::passes(const OrderedJson& trace) const {
    if (rest.empty()) return true;
    const Json facts = facts_of(trace);
    return std::ranges::all_of(rest, [&](const Filter& each) { return each.matches(facts); });
}

Result<TraceFilter> parse_trace_filter(std::string_view text) {
    if (trim(text).starts_with('[')) {
        ASSAY_TRY(auto elements, parse_filter(text));
        return TraceFilter{.elements = std::move(elements)};
    }
    std::vector<std::string> names;
    for (const SubjectName& each : k_names) names.emplace_back(each.name);
    const auto filter = Filter::parse(text, names);
    if (!filter) return refuse(filter.error().message);
    return translate(*filter);
}

}  // namespace assay
