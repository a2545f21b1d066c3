#include "server/resources/token_estimate.hpp"

#include <catch2/catch.hpp>

#include "core/base/base64.hpp"
#include "server/resources/bpe_tokenizer.hpp"
#include "server/resources/token_tables.hpp"

namespace assay::test {

namespace {

const Json k_nothing = Json::object();

/// A table whose first tokens are all single bytes, then the given ones.
std::string table_of(const std::vector<std::string>& tokens) {
    std::string ranks = "! 0";
    for (int byte = 0; byte < 256; ++byte) {
        ranks += " " + to_base64(std::string(1, static_cast<char>(byte)));
    }
    for (const std::string& token : tokens) ranks += " " + to_base64(token);
    const Json table = {
        {"pat_str", R"( ?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+|\s*[\r\n]+|\s+(?!\S)|\s+)"},
        {"bpe_ranks", ranks}};
    return "export default " + to_text(table) + ";";
}

ModelDefinition model_of(const std::string& name, const char* tokenizer) {
    ModelDefinition model;
    model.name = name;
    model.tokenizer = tokenizer;
    return model;
}

Json usage_of(const ModelDefinition& model, const std::string& input, const std::string& output,
              const std::string& level = "DEFAULT") {
    return estimate_usage(model, {.model = model.name,
                                  .start = {},
                                  .level = level,
                                  .usage_details = k_nothing,
                                  .cost_details = k_nothing,
                                  .model_parameters = k_nothing,
                                  .metadata = k_nothing,
                                  .input = &input,
                                  .output = &output});
}

bool has_tables() {
    if (!k_o200k_base_js.empty() && !k_cl100k_base_js.empty()) return true;
    WARN("skipped: this program was built without the tables");
    return false;
}

}  // namespace

TEST_CASE("tokens: neighbours are joined in the order of the table", "[resources]") {
    const auto count = [](const std::vector<std::string>& tokens, std::string_view text) {
        return BpeTokenizer::parse(table_of(tokens))->count(text);
    };
    CHECK(count({}, "") == 0);
    CHECK(count({}, "abc") == 3);
    CHECK(count({"ab"}, "abab") == 2);
    CHECK(count({"ab", "abab"}, "abab") == 1);
    CHECK(count({"abab"}, "abab") == 1);     // a piece that is a token
    CHECK(count({"abab"}, "ababc") == 5);    // but no two neighbours make it
    CHECK(count({"bc", "ab"}, "abc") == 2);  // a + bc
    CHECK(count({"ab", "bc"}, "abc") == 2);  // ab + c
    CHECK(count({"ab", "cd", "abcd"}, "abcde") == 2);
    CHECK(count({"a b"}, "a b") == 3);  // pieces are never joined
}

TEST_CASE("tokens: texts are cut into pieces as the expression says", "[resources]") {
    const auto count = [](std::string_view text) {
        return BpeTokenizer::parse(table_of({"ab", " ab", "  ", "   ", "12", "123", "\n\n"}))
            ->count(text);
    };
    CHECK(count("ab ab") == 2);
    CHECK(count("ab   ab") == 3);  // the last space goes with the word
    CHECK(count("ab   ") == 2);    // all of them at the end
    CHECK(count("1231231") == 3);
    CHECK(count("ab\n\nab") == 3);
    CHECK(count("ab \n") == 3);
    CHECK(count(std::string("\xff\xfe", 2)) == 2);
    const std::string long_word(BpeTokenizer::k_piece_bytes_max * 4, 'x');
    CHECK(count(long_word) == long_word.size());
}

TEST_CASE("tokens: what is no table is refused", "[resources]") {
    const std::vector<std::string> texts = {
        "",
        "export default",
        "{}",
        R"({"pat_str": "a"})",
        R"({"pat_str": 1, "bpe_ranks": ""})",
        R"({"pat_str": "a", "bpe_ranks": "! 0 IQ=="})",
        R"t({"pat_str": "(|\\s+(?!\\S)", "bpe_ranks": "! 0 IQ=="})t",
        R"t({"pat_str": "a|\\s+(?!\\S)", "bpe_ranks": "! x IQ=="})t",
        R"t({"pat_str": "a|\\s+(?!\\S)", "bpe_ranks": "! 0 *"})t"};
    for (const std::string& text : texts) {
        INFO(text);
        CHECK_FALSE(BpeTokenizer::parse(text).has_value());
    }
}

// The counts are those of js-tiktoken 1.0.21.
TEST_CASE("tokens: counts are those of the tokenizers that are followed", "[resources]") {
    if (!has_tables()) return;
    struct Case {
        const char* text;
        std::int64_t o200k;
        std::int64_t cl100k;
    };
    const std::vector<Case> cases = {
        {"", 0, 0},
        {"hello world", 2, 2},
        {"Hello, World! How are you?", 8, 8},
        {"  leading and   inner   spaces  ", 8, 8},
        {"tabs\011\011and\012new\015\012\015\012lines \012 x", 9, 9},
        {"I'm sure you've seen THEY'RE and it'll", 9, 11},
        {"1234567890 3.14159 1,000,000", 15, 15},
        {"na\303\257ve caf\303\251 \303\274ber stra\303\237e", 7, 8},
        {"\346\227\245\346\234\254\350\252\236\343\201\256\343\203\206\343\202\255\343\202\271\343"
         "\203\210\343\201\250\344\270\255\346\226\207\345\255\227\347\254\246",
         9, 12},
        {"\320\237\321\200\320\270\320\262\320\265\321\202, \320\272\320\260\320\272 "
         "\320\264\320\265\320\273\320\260?",
         6, 8},
        {"\331\205\330\261\330\255\330\250\330\247 "
         "\330\250\330\247\331\204\330\271\330\247\331\204\331\205",
         4, 10},
        {"\360\237\230\200\360\237\221\215\360\237\217\275 family "
         "\360\237\221\250\342\200\215\360\237\221\251\342\200\215\360\237\221\247\342\200\215\360"
         "\237\221\246",
         16, 26},
        {"def f(x):\012    return x ** 2  # comment\012", 14, 14},
        {"{\"role\": \"user\", \"content\": [1, 2, null]}", 17, 17},
        {"https://example.com/path?query=1&b=%20c", 14, 14},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 5, 5},
        {"CamelCaseIdentifier snake_case_name SCREAMING_CASE", 10, 11},
        {"e\314\201 combining a\314\210", 5, 6},
        {"\302\240non\302\240breaking\343\200\200wide", 6, 6},
        {"The quick brown fox jumps over the lazy dog. Pack my box with five dozen liquor jugs.",
         20, 20},
        {"<|endoftext|> is text", 9, 9},
        {"----====####////", 4, 4},
        {"\012\012\012   \012\012 x", 3, 3},
    };
    for (const Case& each : cases) {
        INFO(each.text);
        CHECK(estimate_tokens("o200k_base", each.text) == each.o200k);
        CHECK(estimate_tokens("cl100k_base", each.text) == each.cl100k);
    }
    CHECK_FALSE(estimate_tokens("gpt2", "x"));
}

TEST_CASE("tokens: the beginning of a long text stands for the rest", "[resources]") {
    if (!has_tables()) return;
    std::string text;
    while (text.size() < k_counted_bytes_max * 8) text += "the quick brown fox jumps. ";
    const auto whole = estimate_tokens("o200k_base", text).value();
    const auto part = estimate_tokens("o200k_base", text.substr(0, k_counted_bytes_max)).value();
    CHECK(std::abs(static_cast<double>(whole) / static_cast<double>(part) -
                   static_cast<double>(text.size()) / k_counted_bytes_max) < 0.01);
}

TEST_CASE("tokens: usage is estimated where it can be", "[resources]") {
    if (!has_tables()) return;
    ModelDefinition model = model_of("gpt-4o", "openai");
    CHECK(usage_of(model, "hello world", "hello") == Json({{"input", 2}, {"output", 1}}));
    CHECK(usage_of(model_of("claude-3-opus", "claude"), "hello world", "hello") ==
          Json({{"input", 2}, {"output", 1}}));
    CHECK(usage_of(model, "hello world", "hello", "ERROR").empty());
    ModelDefinition without = model;
    without.tokenizer.reset();
    CHECK(usage_of(without, "hello world", "hello").empty());
    for (const char* name : {"o1", "o3-mini", "openai/o4-mini", "gpt-5", "GPT-5-mini"}) {
        INFO(name);
        CHECK(usage_of(model_of(name, "openai"), "hello", "hello").empty());
    }
    CHECK_FALSE(is_reasoning_model("gpt-4o"));
    CHECK_FALSE(is_reasoning_model("openhermes"));
    // Messages: 3 for the answer's start, 3 for each message, 1 for a name.
    model.tokenizer_config = {{"tokensPerMessage", 3}, {"tokensPerName", 1}};
    const std::string messages =
        R"([{"role":"user","content":"hello world"},{"role":"user","name":"bob","content":"hi"}])";
    const auto bare = [](const char* text) { return *estimate_tokens("o200k_base", text); };
    const std::int64_t wanted =
        3 + 2 * 3 + 1 + 2 * bare("user") + bare("hello world") + bare("bob") + bare("hi");
    CHECK(usage_of(model, messages, "")["input"] == wanted);
    CHECK(usage_of(model, "{\"messages\":" + messages + "}", "")["input"] == wanted);
    CHECK(usage_of(model, R"({"a":1})", "")["input"] == bare(R"({"a":1})"));
    CHECK(usage_of(model, "[not json", "")["input"] == bare("[not json"));
}

}  // namespace assay::test
