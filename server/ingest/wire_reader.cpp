#include "server/ingest/wire_reader.hpp"

namespace assay {
namespace {

// The lower three bits of a field's tag.
constexpr std::uint64_t k_varint = 0;
constexpr std::uint64_t k_fixed64 = 1;
constexpr std::uint64_t k_bytes = 2;
constexpr std::uint64_t k_fixed32 = 5;

constexpr std::uint64_t k_number_max = (1U << 29U) - 1;

void append_varint(std::string& message, std::uint64_t value) {
    while (value >= 0x80) {
        message += static_cast<char>(static_cast<unsigned char>(value) | 0x80U);
        value >>= 7U;
    }
    message += static_cast<char>(value);
}

void append_tag(std::string& message, std::uint32_t number, std::uint64_t type) {
    append_varint(message, std::uint64_t{number} << 3U | type);
}

}  // namespace

std::optional<WireField> WireReader::next() {
    if (rest_.empty() || is_damaged_) return std::nullopt;
    const auto tag = take_varint();
    if (!tag || *tag >> 3U == 0 || *tag >> 3U > k_number_max) return damage();
    WireField field{.number = static_cast<std::uint32_t>(*tag >> 3U)};
    std::optional<std::uint64_t> value;
    switch (*tag & 7U) {
        case k_varint:
            field.type = WireField::Type::varint;
            value = take_varint();
            break;
        case k_fixed64:
            field.type = WireField::Type::fixed64;
            value = take_fixed(8);
            break;
        case k_fixed32:
            field.type = WireField::Type::fixed32;
            value = take_fixed(4);
            break;
        case k_bytes:
            field.type = WireField::Type::bytes;
            value = take_varint();
            if (!value || *value > rest_.size()) return damage();
            field.bytes = rest_.substr(0, static_cast<std::size_t>(*value));
            rest_.remove_prefix(field.bytes.size());
            return field;
        default: return damage();
    }
    if (!value) return damage();
    field.value = *value;
    return field;
}

std::optional<std::uint64_t> WireReader::take_varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        value |= std::uint64_t{byte & 0x7FU} << shift;
        if ((byte & 0x80U) == 0) return value;
    }
    return std::nullopt;
}

std::optional<std::uint64_t> WireReader::take_fixed(std::size_t size) {
    if (rest_.size() < size) return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;) {
        value = value << 8U | static_cast<unsigned char>(rest_[i]);
    }
    rest_.remove_prefix(size);
    return value;
}

std::optional<WireField> WireReader::damage() {
    is_damaged_ = true;
    return std::nullopt;
}

void append_wire_varint(std::string& message, std::uint32_t number, std::uint64_t value) {
    append_tag(message, number, k_varint);
    append_varint(message, value);
}

void append_wire_fixed64(std::string& message, std::uint32_t number, std::uint64_t value) {
    append_tag(message, number, k_fixed64);
    for (unsigned shift = 0; shift < 64; shift += 8) {
        message += static_cast<char>(static_cast<unsigned char>(value >> shift));
    }
}

void append_wire_bytes(std::string& message, std::uint32_t number, std::string_view bytes) {
    append_tag(message, number, k_bytes);
    append_varint(message, bytes.size());
    message += bytes;
}

}  // namespace assay
