#include "server/query/document_functions.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "server/tracing/records.hpp"

namespace assay {
namespace {

/// Reads the documents of rows. A condition that asks several things of a row reads it once.
class DocumentSource {
  public:
    explicit DocumentSource(Session& session) : session_(session) {}

    Result<const TraceRecord*> trace(std::int64_t row) {
        if (!trace_ || trace_row_ != row) {
            const TraceRow wanted{row};
            ASSAY_TRY(auto records, read_traces(session_, {&wanted, 1}, RecordParts::all));
            trace_ = records.empty() ? TraceRecord() : std::move(records.front());
            trace_row_ = row;
        }
        return &*trace_;
    }
    Result<const ObservationRecord*> observation(std::int64_t row) {
        if (!observation_ || observation_row_ != row) {
            const ObservationRow wanted{row};
            ASSAY_TRY(auto records,
                      read_observation_records(session_, {&wanted, 1}, RecordParts::all));
            observation_ = records.empty() ? ObservationRecord() : std::move(records.front());
            observation_row_ = row;
        }
        return &*observation_;
    }
    void forget() {
        trace_.reset();
        observation_.reset();
    }

  private:
    Session& session_;
    std::optional<TraceRecord> trace_;
    std::int64_t trace_row_ = 0;
    std::optional<ObservationRecord> observation_;
    std::int64_t observation_row_ = 0;
};

using Arguments = std::span<sqlite3_value* const>;
using Text = std::optional<std::string>;

std::string_view text_of(sqlite3_value* value) {
    const auto* const bytes = static_cast<const char*>(sqlite3_value_blob(value));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

bool is_null(sqlite3_value* value) { return sqlite3_value_type(value) == SQLITE_NULL; }

bool is_word_byte(char byte) {
    const auto code = static_cast<unsigned char>(byte);
    return code >= 0x80 || (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') ||
           (code >= 'A' && code <= 'Z');
}

/// The next word from `at` on, which then stands behind it; "" at the end. A word is a run of
/// letters and digits; every character beyond ASCII is taken for a letter.
std::string_view next_word(std::string_view text, std::size_t& at) {
    while (at < text.size() && !is_word_byte(text[at])) ++at;
    const std::size_t begin = at;
    while (at < text.size() && is_word_byte(text[at])) ++at;
    return text.substr(begin, at - begin);
}

bool has_word(std::string_view text, std::string_view word) {
    for (std::size_t at = text.find(word); at != std::string_view::npos;
         at = text.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        const bool begins = at == 0 || !is_word_byte(text[at - 1]);
        const bool ends = end == text.size() || !is_word_byte(text[end]);
        if (begins && ends) return true;
    }
    return false;
}

bool matches(std::string_view text, std::string_view words) {
    const std::string folded = fold_case(text);
    const std::string wanted = fold_case(words);
    std::size_t at = 0;
    for (std::string_view word = next_word(wanted, at); !word.empty();
         word = next_word(wanted, at)) {
        if (!has_word(folded, word)) return false;
    }
    return true;
}

std::optional<double> number_of(std::string_view text) {
    double number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, number);
    if (code != std::errc() || stop != end || !std::isfinite(number)) return std::nullopt;
    return number;
}

Text member_of(const Json& metadata, Arguments arguments) {
    if (!metadata.is_object() || metadata.empty()) return std::nullopt;
    if (arguments.size() < 2) return to_text(metadata);
    const auto found = metadata.find(text_of(arguments[1]));
    if (found == metadata.end()) return std::nullopt;
    return as_text(*found);
}

Result<Text> trace_metadata(DocumentSource& source, Arguments arguments) {
    ASSAY_TRY(const TraceRecord* const trace, source.trace(sqlite3_value_int64(arguments[0])));
    return member_of(trace->metadata, arguments);
}

Result<Text> observation_metadata(DocumentSource& source, Arguments arguments) {
    ASSAY_TRY(const ObservationRecord* const observation,
              source.observation(sqlite3_value_int64(arguments[0])));
    return member_of(observation->metadata, arguments);
}

Result<Text> json_metadata(DocumentSource&, Arguments arguments) {
    if (is_null(arguments[0])) return std::nullopt;
    ASSAY_TRY(const Json metadata, parse_json(text_of(arguments[0])));
    return member_of(metadata, arguments);
}

Result<Text> trace_text(DocumentSource& source, Arguments arguments) {
    ASSAY_TRY(const TraceRecord* const trace, source.trace(sqlite3_value_int64(arguments[0])));
    return sqlite3_value_int64(arguments[1]) == 0 ? trace->input : trace->output;
}

Result<Text> observation_text(DocumentSource& source, Arguments arguments) {
    ASSAY_TRY(const ObservationRecord* const observation,
              source.observation(sqlite3_value_int64(arguments[0])));
    return sqlite3_value_int64(arguments[1]) == 0 ? observation->input : observation->output;
}

Result<Text> experiment_member(DocumentSource& source, Arguments arguments) {
    ASSAY_TRY(const ObservationRecord* const observation,
              source.observation(sqlite3_value_int64(arguments[0])));
    return member_of(observation->experiment, arguments);
}

void give(sqlite3_context* context, const Text& text) {
    if (!text) return sqlite3_result_null(context);
    sqlite3_result_text64(context, text->data(), text->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

/// What the statement fails with, so that Connection::error() tells the same again.
int result_code(const Error& error) {
    switch (error.code) {
        case ErrorCode::data_loss: return SQLITE_CORRUPT;
        case ErrorCode::deadline_exceeded: return SQLITE_INTERRUPT;
        default: return SQLITE_ERROR;
    }
}

using ReadText = Result<Text> (*)(DocumentSource&, Arguments);

/// A function of ours as SQLite calls it: no exception may leave it.
template <ReadText read>
void call(sqlite3_context* context, int count, sqlite3_value** arguments) {
    try {
        auto& source = *static_cast<DocumentSource*>(sqlite3_user_data(context));
        const auto text = read(source, {arguments, static_cast<std::size_t>(count)});
        if (text) return give(context, *text);
        sqlite3_result_error_code(context, result_code(text.error()));
    } catch (const std::exception&) {
        sqlite3_result_error_nomem(context);
    }
}

using CompareTexts = bool (*)(std::string_view, std::string_view);

template <CompareTexts compare>
void call_comparison(sqlite3_context* context, int, sqlite3_value** arguments) {
    try {
        if (is_null(arguments[0])) return sqlite3_result_null(context);
        sqlite3_result_int(context, compare(text_of(arguments[0]), text_of(arguments[1])) ? 1 : 0);
    } catch (const std::exception&) {
        sqlite3_result_error_nomem(context);
    }
}

bool starts_with(std::string_view text, std::string_view part) { return text.starts_with(part); }
bool ends_with(std::string_view text, std::string_view part) { return text.ends_with(part); }

void call_number(sqlite3_context* context, int, sqlite3_value** arguments) {
    const auto number = number_of(text_of(arguments[0]));
    if (!number) return sqlite3_result_null(context);
    sqlite3_result_double(context, *number);
}

struct Function {
    const char* name;
    int arguments;
    void (*call)(sqlite3_context*, int, sqlite3_value**);
};
constexpr std::array k_functions = {
    Function{"assay_starts_with", 2, &call_comparison<&starts_with>},
    Function{"assay_ends_with", 2, &call_comparison<&ends_with>},
    Function{"assay_matches", 2, &call_comparison<&matches>},
    Function{"assay_number", 1, &call_number},
    Function{"assay_trace_metadata", 1, &call<&trace_metadata>},
    Function{"assay_trace_metadata", 2, &call<&trace_metadata>},
    Function{"assay_observation_metadata", 1, &call<&observation_metadata>},
    Function{"assay_observation_metadata", 2, &call<&observation_metadata>},
    Function{"assay_json_metadata", 1, &call<&json_metadata>},
    Function{"assay_json_metadata", 2, &call<&json_metadata>},
    Function{"assay_trace_text", 2, &call<&trace_text>},
    Function{"assay_observation_text", 2, &call<&observation_text>},
    Function{"assay_experiment_member", 2, &call<&experiment_member>},
};

/// What is kept with a session.
struct DocumentFunctions {
    explicit DocumentFunctions(Session& session) : source(session) {}

    DocumentSource source;
    bool are_added = false;  ///< the session's connection knows them
};

Result<void> add_functions(Connection& connection, DocumentSource& source) {
    for (const Function& function : k_functions) {
        const int code = sqlite3_create_function_v2(
            connection.handle(), function.name, function.arguments, SQLITE_UTF8 | SQLITE_DIRECTONLY,
            &source, function.call, nullptr, nullptr, nullptr);
        if (code != SQLITE_OK) return std::unexpected(connection.error(code));
    }
    return {};
}

}  // namespace

Result<void> prepare_document_functions(Session& session) {
    auto& functions = session.kept<DocumentFunctions>(session);
    functions.source.forget();
    if (functions.are_added) return {};
    ASSAY_CHECK(add_functions(session.connection(), functions.source));
    functions.are_added = true;
    return {};
}

}  // namespace assay
