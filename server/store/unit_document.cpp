#include "server/store/unit_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "server/store/row_values.hpp"

namespace assay {
namespace {

/// Ties a document to the row that points to it, so that a damaged row or reference is noticed.
std::int64_t binding_of(const UnitResult& unit) {
    const std::string place = fmt::format("{} {}", unit.item.position, unit.repetition);
    std::uint64_t hash = fnv1a(unit.key.value());
    for (const std::string_view part :
         {std::string_view(unit.trace_id.value()), std::string_view(unit.variant),
          std::string_view(unit.item.id.value()), std::string_view(unit.item.content_hash),
          std::string_view(place)}) {
        hash = fnv1a(part, fnv1a(std::string_view("\0", 1), hash));
    }
    return static_cast<std::int64_t>(hash);
}

/// Whether both have the same JSON text: stricter than ==, for which 1 and 1.0 are equal.
bool is_same_text(const Json& a, const Json& b) {
    if (a.is_number_float() || b.is_number_float()) {
        return a.is_number_float() && b.is_number_float() &&
               std::bit_cast<std::uint64_t>(a.get<double>()) ==
                   std::bit_cast<std::uint64_t>(b.get<double>());
    }
    if (!a.is_structured() || !b.is_structured()) return a == b;
    if (a.type() != b.type() || a.size() != b.size()) return false;
    if (a.is_array()) return std::ranges::equal(a, b, is_same_text);
    const auto& left = a.get_ref<const Json::object_t&>();
    const auto& right = b.get_ref<const Json::object_t&>();
    return std::ranges::equal(left, right, [](const auto& x, const auto& y) {
        return x.first == y.first && is_same_text(x.second, y.second);
    });
}

/// An observation mostly repeats what the unit holds anyway; large texts are stored once.
void add_shared(const Json& value, const UnitResult& unit, DocumentWriter& document) {
    if (value.is_null()) return document.add_null();
    if (is_same_text(value, unit.item.input)) return document.add_from_item(k_item_input_slot);
    if (is_same_text(value, unit.output)) return document.add_same_as(k_trace_output_slot);
    if (is_same_text(value, unit.item.expected_output)) {
        return document.add_from_item(k_item_expected_output_slot);
    }
    document.add_json(value);
}

void write_usage(const UsageDetails& usage, DocumentWriter& document) {
    document.add_integer(static_cast<std::int64_t>(usage.size()));
    for (const auto& [name, tokens] : usage) {
        document.add_text(name);
        document.add_integer(tokens);
    }
}

UsageDetails read_usage(DocumentReader& reader) {
    UsageDetails usage;
    for (std::size_t left = reader.count(); left > 0; --left) {
        std::string name = reader.text();
        usage[std::move(name)] = reader.integer();
    }
    return usage;
}

void write_optional(const std::optional<std::int64_t>& value, DocumentWriter& document) {
    if (!value) return document.add_null();
    document.add_integer(*value);
}

std::optional<std::int64_t> read_optional(DocumentReader& reader) {
    if (reader.next_kind() != Document::Kind::null) return reader.integer();
    reader.skip(1);
    return std::nullopt;
}

void write_score(const Score& score, DocumentWriter& document) {
    document.add_text(score.name);
    if (const bool* flag = std::get_if<bool>(&score.value)) {
        document.add_integer(*flag ? 1 : 0);
    } else if (const double* number = std::get_if<double>(&score.value)) {
        document.add_real(*number);
    } else {
        document.add_text(std::get<std::string>(score.value));
    }
    document.add_text(score.comment);
}

Score read_score(DocumentReader& reader) {
    Score score;
    score.name = reader.text();
    switch (reader.next_kind()) {
        case Document::Kind::integer: score.value = reader.integer() != 0; break;
        case Document::Kind::real: score.value = reader.real(); break;
        default: score.value = reader.text();
    }
    score.comment = reader.text();
    return score;
}

void write_judge_record(const JudgeRecord& judge, DocumentWriter& document) {
    document.add_integer(judge.calls);
    document.add_text(judge.trace_id.value());
    document.add_integer(to_nanoseconds(judge.started));
    document.add_integer(judge.latency.count());
    write_usage(judge.usage, document);
    write_optional(judge.cost, document);
    write_optional(judge.paid, document);
    document.add_integer(judge.retries);
    document.add_integer(judge.cached);
    document.add_integer(judge.paid_tokens);
    document.add_json(judge.metadata);
}

JudgeRecord read_judge_record(DocumentReader& reader) {
    JudgeRecord judge;
    judge.calls = static_cast<int>(reader.integer());
    judge.trace_id = TraceId(reader.text());
    judge.started = to_time(reader.integer());
    judge.latency = std::chrono::nanoseconds(reader.integer());
    judge.usage = read_usage(reader);
    judge.cost = read_optional(reader);
    judge.paid = read_optional(reader);
    judge.retries = static_cast<int>(reader.integer());
    judge.cached = static_cast<int>(reader.integer());
    judge.paid_tokens = reader.integer();
    judge.metadata = reader.json();
    return judge;
}

void write_evaluations(const std::vector<Evaluation>& evaluations, DocumentWriter& document) {
    document.add_integer(static_cast<std::int64_t>(evaluations.size()));
    for (const Evaluation& evaluation : evaluations) {
        document.add_text(evaluation.evaluator);
        document.add_text(to_string(evaluation.status));
        document.add_text(evaluation.message);
        document.add_integer(static_cast<std::int64_t>(evaluation.scores.size()));
        for (const Score& score : evaluation.scores) write_score(score, document);
        if (evaluation.judge) write_judge_record(*evaluation.judge, document);
    }
}

std::vector<Evaluation> read_evaluations(DocumentReader& reader) {
    std::vector<Evaluation> evaluations;
    for (std::size_t left = reader.count(); left > 0; --left) {
        Evaluation evaluation;
        evaluation.evaluator = reader.text();
        const auto status = parse_evaluation_status(reader.text());
        if (!status) reader.fail();
        evaluation.status = status.value_or(EvaluationStatus::error);
        evaluation.message = reader.text();
        for (std::size_t scores = reader.count(); scores > 0; --scores) {
            evaluation.scores.push_back(read_score(reader));
        }
        // What else may follow begins with a text: another evaluation, or the first observation.
        if (reader.next_kind() == Document::Kind::integer) {
            evaluation.judge = read_judge_record(reader);
        }
        evaluations.push_back(std::move(evaluation));
    }
    return evaluations;
}

/// What a unit has since answers can come from a cache or in pieces. Documents of version 1 of the
/// format have none of these slots, which begin with an integer where those have a text.
void write_payment(const UnitResult& unit, DocumentWriter& document) {
    document.add_integer(unit.cached);
    write_optional(unit.paid, document);
    if (unit.time_to_first_token) {
        document.add_integer(unit.time_to_first_token->count());
    } else {
        document.add_null();
    }
}

void read_payment(DocumentReader& reader, UnitResult& unit) {
    unit.cached = static_cast<int>(reader.integer());
    unit.paid = read_optional(reader);
    if (const auto time = read_optional(reader)) {
        unit.time_to_first_token = std::chrono::nanoseconds(*time);
    }
}

void write_observation_facts(const Observation& observation, DocumentWriter& document) {
    document.add_json(observation.metadata);
    document.add_json(observation.model_parameters);
    document.add_text(observation.status_message);
    write_usage(observation.usage, document);
}

void write_observation(const Observation& observation, const UnitResult& unit,
                       DocumentWriter& document) {
    add_shared(observation.input, unit, document);
    add_shared(observation.output, unit, document);
    write_observation_facts(observation, document);
}

}  // namespace

void write_item(const DatasetItem& item, DocumentWriter& document) {
    document.add_json(item.input);
    document.add_json(item.expected_output);
    document.add_json(item.metadata);
}

Result<void> read_item(const Document& document, DatasetItem& item) {
    DocumentReader reader(document);
    item.input = reader.json();
    item.expected_output = reader.json();
    item.metadata = reader.json();
    return reader.finish();
}

std::vector<std::size_t> write_unit(const UnitResult& unit, const Json& trace_metadata,
                                    DocumentWriter& document) {
    if (unit.item.input.is_null()) {
        document.add_null();
    } else {
        document.add_from_item(k_item_input_slot);
    }
    document.add_json(unit.output);
    document.add_json(trace_metadata);
    document.add_integer(binding_of(unit));
    write_payment(unit, document);
    document.add_text(to_string(unit.status));
    document.add_text(unit.error);
    document.add_integer(to_nanoseconds(unit.started));
    document.add_integer(unit.latency.count());
    write_optional(unit.cost, document);
    document.add_integer(unit.calls);
    document.add_integer(unit.retries);
    document.add_text(unit.log);
    document.add_text(unit.item.cluster);
    document.add_integer(static_cast<std::int64_t>(unit.item.line));
    write_usage(unit.usage, document);
    write_evaluations(unit.evaluations, document);

    std::vector<std::size_t> slots;
    for (const Observation& observation : unit.observations) {
        slots.push_back(document.slots());
        write_observation(observation, unit, document);
    }
    return slots;
}

std::vector<std::size_t> write_judge(const JudgeRecord& judge, const Json& trace_metadata,
                                     DocumentWriter& document) {
    const std::vector<Observation>& calls = judge.observations;
    document.add_json(calls.empty() ? Json() : calls.front().input);
    document.add_json(calls.empty() ? Json() : calls.back().output);
    document.add_json(trace_metadata);
    std::vector<std::size_t> slots;
    for (const Observation& call : calls) {
        slots.push_back(document.slots());
        const bool repeats_input = &call == &calls.front() && !call.input.is_null();
        const bool repeats_output = &call == &calls.back() && !call.output.is_null();
        repeats_input ? document.add_same_as(k_trace_input_slot) : document.add_json(call.input);
        repeats_output ? document.add_same_as(k_trace_output_slot) : document.add_json(call.output);
        write_observation_facts(call, document);
    }
    return slots;
}

Result<void> read_trace(const Document& document, UnitResult& unit) {
    DocumentReader reader(document, nullptr, k_trace_output_slot);
    unit.output = reader.json();
    reader.skip(2);  // metadata and binding
    const bool has_payment = reader.next_kind() == Document::Kind::integer;
    if (has_payment) read_payment(reader, unit);
    const auto status = parse_unit_status(reader.text());
    if (!status) reader.fail();
    unit.status = status.value_or(UnitStatus::failed);
    unit.error = reader.text();
    unit.started = to_time(reader.integer());
    unit.latency = std::chrono::nanoseconds(reader.integer());
    unit.cost = read_optional(reader);
    unit.calls = static_cast<int>(reader.integer());
    unit.retries = static_cast<int>(reader.integer());
    unit.log = reader.text();
    unit.item.cluster = reader.text();
    unit.item.line = static_cast<std::uint64_t>(reader.integer());
    unit.usage = read_usage(reader);
    unit.evaluations = read_evaluations(reader);
    // Before there was a cache, every answer was paid for.
    if (!has_payment) unit.paid = unit.cost;
    return reader.finish();
}

Result<void> read_unit(const Document& document, const Document& item, UnitResult& unit) {
    ASSAY_CHECK(read_item(item, unit.item));
    DocumentReader binding(document, &item, k_trace_binding_slot);
    if (binding.integer() != binding_of(unit)) binding.fail();
    ASSAY_CHECK(binding.finish());
    return read_trace(document, unit);
}

Result<void> read_observation(const Document& document, const Document* item,
                              std::size_t first_slot, Observation& observation) {
    DocumentReader reader(document, item, first_slot);
    observation.input = reader.json();
    observation.output = reader.json();
    observation.metadata = reader.json();
    observation.model_parameters = reader.json();
    observation.status_message = reader.text();
    observation.usage = read_usage(reader);
    return reader.finish();
}

}  // namespace assay
