#include "tests/fuzz/mutator.hpp"

#include "core/base/text.hpp"

namespace assay::test {
namespace {

/// What parsers trip over, between spaces.
constexpr std::string_view k_words =
    R"(" ' \ \" \n \u0000 \ud800 [ ] { } ( ) < > , : ; . $ @ * ? | % # & = ! ~ ^ [[[[[[[[ )"
    R"(null true false NaN -0 0 -1 1e400 0.1e-400 4294967296 9223372036854775808 01 0x1 )"
    R"(&a *a <<: - --- !!binary {{ }} @@@ "$ref":"#" data: event: and not exists %2F %00 )"
    R"(2026-02-30T25:61:61Z 2026-01-02T03:04:05.123456789+01:00 Content-Length: chunked)";
/// The same of single bytes and what they make of their neighbours.
constexpr std::string_view k_bytes("\0\t\n\r \x1b\x7f\x80\xbf\xc0\xc3\xe2\xed\xef\xf0\xf4\xff", 17);

}  // namespace

std::string InputMutator::next() {
    std::string input = any();
    for (std::size_t left = 1 + below(6); left > 0; --left) change(input);
    if (input.size() > k_bytes_max) input.resize(k_bytes_max);
    return input;
}

std::string_view InputMutator::word() {
    if (below(4) == 0) return k_bytes.substr(below(k_bytes.size()), 1);
    static const std::vector<std::string_view> words = split(k_words, ' ');
    return words[below(words.size())];
}

std::string InputMutator::piece(const std::string& text, std::size_t bytes_max) {
    return text.empty() ? text : text.substr(below(text.size()), 1 + below(bytes_max));
}

void InputMutator::change(std::string& input) {
    const std::size_t at = below(input.size() + 1);
    switch (below(8)) {
        case 0: input.insert(at, word()); return;
        case 1: input.insert(at, piece(input, 100)); return;
        case 2: input.insert(at, piece(any(), 100)); return;
        case 3: input.erase(at, 1 + below(40)); return;
        case 4: input = input.substr(0, at) + piece(any(), k_bytes_max); return;
        case 5: {  // deep or long
            const std::string again = piece(input, 8);
            std::string many;
            for (std::size_t left = below(600); left > 0; --left) many += again;
            input.insert(at, many);
            return;
        }
        case 6: input.replace(at, below(12), word()); return;
        default:
            if (at < input.size()) input[at] = static_cast<char>(random_.next_below(256));
    }
}

}  // namespace assay::test
