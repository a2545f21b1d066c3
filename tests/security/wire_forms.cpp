#include "tests/security/wire_forms.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "server/ingest/wire_reader.hpp"

namespace assay::test {
namespace {

constexpr std::uint64_t k_began_ns = 1'793'523'600'000'000'000;

std::string field(std::uint32_t number, std::string_view bytes) {
    std::string message;
    append_wire_bytes(message, number, bytes);
    return message;
}

std::string attribute(std::string_view key, std::string_view text) {
    return field(9, field(1, key) + field(2, field(1, text)));
}

}  // namespace

std::string to_protobuf(const ProtobufSpan& span) {
    std::string message = field(1, span.trace_id) + field(2, span.trace_id.substr(0, 8));
    message += field(5, span.name);
    append_wire_varint(message, 6, 3);
    append_wire_fixed64(message, 7, k_began_ns);
    append_wire_fixed64(message, 8, k_began_ns + 1'000'000);
    message += attribute("langfuse.observation.type", "generation");
    message += attribute("gen_ai.request.model", "gpt-4o");
    message += attribute("input.value", R"({"question": "why?"})");
    message += field(15, field(2, "all is well"));
    return field(1, field(1, attribute("service.name", "tests")) + field(2, field(2, message)));
}

std::string in_chunks(std::string_view body, std::size_t chunk_bytes) {
    std::string chunks;
    for (std::size_t at = 0; at < body.size(); at += chunk_bytes) {
        const std::string_view chunk = body.substr(at, chunk_bytes);
        chunks += fmt::format("{:x}\r\n{}\r\n", chunk.size(), chunk);
    }
    return chunks + "0\r\n\r\n";
}

}  // namespace assay::test
