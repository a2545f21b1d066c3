#include "server/api/decoded_size.hpp"

#include <algorithm>

namespace assay {
namespace {

// What a value takes in the list or object that it is in, with the room that a list grows by, and
// what an object's member, a list and an object take besides. As measured with Json.
constexpr std::size_t k_value_bytes = 24;
constexpr std::size_t k_member_bytes = 96;
constexpr std::size_t k_list_bytes = 48;
constexpr std::size_t k_object_bytes = 64;
constexpr std::size_t k_protobuf_factor = 3;
/// Too little to be worth an exact answer.
constexpr std::size_t k_unimportant_bytes = 1U << 20U;

std::size_t bytes_of(char character) {
    switch (character) {
        case ',': return k_value_bytes;
        case ':': return k_member_bytes;
        case '[': return k_list_bytes;
        case '{': return k_object_bytes;
        default: return 0;
    }
}

/// The same as if there were no strings: more, and sooner known.
std::size_t estimate_at_most(std::string_view json) {
    std::size_t bytes = 0;
    for (const char character : {',', ':', '[', '{'}) {
        bytes +=
            static_cast<std::size_t>(std::ranges::count(json, character)) * bytes_of(character);
    }
    return bytes;
}

}  // namespace

std::size_t estimate_value_bytes(std::string_view json) {
    std::size_t bytes = 0;
    bool is_in_string = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        if (is_in_string && json[i] == '\\') {
            ++i;
        } else if (json[i] == '"') {
            is_in_string = !is_in_string;
        } else if (!is_in_string) {
            bytes += bytes_of(json[i]);
        }
    }
    return bytes;
}

std::size_t estimate_decoded_bytes(const ApiRequest& request) {
    const std::string_view body = request.body;
    // In protobuf there are no lists of nothings, and texts look like anything.
    if (request.header("content-type").value_or("").contains("protobuf")) {
        return k_protobuf_factor * body.size();
    }
    const std::size_t at_most = estimate_at_most(body);
    return body.size() + (at_most <= k_unimportant_bytes ? at_most : estimate_value_bytes(body));
}

}  // namespace assay
