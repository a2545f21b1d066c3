#include "server/resources/token_estimate.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/text.hpp"
#include "server/resources/bpe_tokenizer.hpp"
#include "server/resources/token_tables.hpp"

namespace assay {
namespace {

/// What a chat model reads beside the texts of messages: the start of its answer.
constexpr std::int64_t k_answer_start_tokens = 3;

std::optional<BpeTokenizer> load(std::string_view table) {
    if (table.empty()) return std::nullopt;
    auto tokenizer = BpeTokenizer::parse(table);
    ASSAY_ASSERT(tokenizer.has_value(), "the tables of the program are well formed");
    return std::move(*tokenizer);
}

/// nullptr when there is none. A table takes some 20 MB and is read when it is first needed.
const BpeTokenizer* tokenizer_of(std::string_view name) {
    if (name == "o200k_base") {
        static const std::optional<BpeTokenizer> k_tokenizer = load(k_o200k_base_js);
        return k_tokenizer ? &*k_tokenizer : nullptr;
    }
    if (name == "cl100k_base") {
        static const std::optional<BpeTokenizer> k_tokenizer = load(k_cl100k_base_js);
        return k_tokenizer ? &*k_tokenizer : nullptr;
    }
    return nullptr;
}

std::string tokenizer_model_of(const ModelDefinition& model) {
    const Json& config = model.tokenizer_config;
    const Json name = config.is_object() ? config.value("tokenizerModel", Json()) : Json();
    return to_lower_ascii(name.is_string() ? name.get<std::string>() : model.name);
}

/// Anthropic's own tokenizer for its current models is not public; cl100k_base is about as near as
/// the one of its old models.
std::string_view encoding_of(const ModelDefinition& model) {
    constexpr std::array<std::string_view, 4> k_newer = {"gpt-4o", "chatgpt-4o", "gpt-4.1",
                                                         "gpt-4.5"};
    const std::string name = tokenizer_model_of(model);
    const bool is_newer = std::ranges::any_of(
        k_newer, [&](std::string_view prefix) { return name.starts_with(prefix); });
    return model.tokenizer == "openai" && is_newer ? "o200k_base" : "cl100k_base";
}

/// The messages of a chat, also when they are a member of a request; null when it is none.
Json messages_of(const std::string& input) {
    if (!input.starts_with('[') && !input.starts_with('{')) return nullptr;
    Json json = parse_json(input).value_or(Json());
    if (json.is_object()) json = json.value("messages", Json());
    const auto is_message = [](const Json& each) {
        return each.is_object() && each.contains("role");
    };
    return json.is_array() && std::ranges::all_of(json, is_message) ? json : Json();
}

std::int64_t overhead(const Json& config, const char* name) {
    const Json value = config.is_object() ? config.value(name, Json()) : Json();
    return value.is_number_integer()
               ? std::clamp<std::int64_t>(value.get<std::int64_t>(), -100, 100)
               : 0;
}

/// Counts texts, of long ones the beginning.
class TokenCounter {
  public:
    explicit TokenCounter(const BpeTokenizer& table) : table_(table) {}
    void add(std::string_view text) {
        const std::string_view part = text.substr(0, k_counted_bytes_max - counted_);
        bytes_ += text.size();
        counted_ += part.size();
        tokens_ += table_.count(part);
    }
    [[nodiscard]] std::int64_t tokens() const {
        if (counted_ == bytes_) return static_cast<std::int64_t>(tokens_);
        const double share = static_cast<double>(bytes_) / static_cast<double>(counted_);
        return std::llround(static_cast<double>(tokens_) * share);
    }

  private:
    const BpeTokenizer& table_;
    std::size_t bytes_ = 0;
    std::size_t counted_ = 0;
    std::size_t tokens_ = 0;
};

std::int64_t count_messages(const BpeTokenizer& table, const Json& messages, const Json& config) {
    TokenCounter counter(table);
    std::int64_t framing = k_answer_start_tokens;
    for (const Json& message : messages) {
        framing += overhead(config, "tokensPerMessage");
        for (const auto& [name, value] : message.items()) {
            if (value.is_null()) continue;
            if (name == "name") framing += overhead(config, "tokensPerName");
            counter.add(as_text(value));
        }
    }
    return std::max<std::int64_t>(counter.tokens() + framing, 0);
}

}  // namespace

std::optional<std::int64_t> estimate_tokens(std::string_view tokenizer, std::string_view text) {
    const BpeTokenizer* const table = tokenizer_of(tokenizer);
    if (table == nullptr) return std::nullopt;
    TokenCounter counter(*table);
    counter.add(text);
    return counter.tokens();
}

bool is_reasoning_model(std::string_view name) {
    const std::size_t slash = name.rfind('/');
    const std::string model = to_lower_ascii(name.substr(slash + 1));  // npos + 1 is 0
    const bool is_o_series =
        model.size() > 1 && model[0] == 'o' && model[1] >= '0' && model[1] <= '9';
    return is_o_series || (model.starts_with("gpt-5") && !model.contains("chat"));
}

Json estimate_usage(const ModelDefinition& model, const PricedObservation& observation) {
    Json usage = Json::object();
    const bool is_reasoning = is_reasoning_model(observation.model) ||
                              is_reasoning_model(model.name) ||
                              is_reasoning_model(tokenizer_model_of(model));
    if (!model.tokenizer || is_reasoning || observation.level == "ERROR") return usage;
    const std::string_view encoding = encoding_of(model);
    const BpeTokenizer* const table = tokenizer_of(encoding);
    if (table == nullptr) return usage;
    if (observation.input != nullptr) {
        const Json messages =
            model.tokenizer == "openai" ? messages_of(*observation.input) : Json();
        usage["input"] = messages.empty()
                             ? *estimate_tokens(encoding, *observation.input)
                             : count_messages(*table, messages, model.tokenizer_config);
    }
    if (observation.output != nullptr) {
        usage["output"] = *estimate_tokens(encoding, *observation.output);
    }
    return usage;
}

}  // namespace assay
