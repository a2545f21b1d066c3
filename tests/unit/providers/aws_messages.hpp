#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::test {

/// CRC-32 bit by bit, as RFC 1952 defines it.
inline std::uint32_t crc32_by_bits(std::string_view bytes) {
    std::uint32_t crc = 0xFFFFFFFFU;
    for (const char byte : bytes) {
        crc ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
    }
    return ~crc;
}

inline std::string big_endian(std::uint32_t number, int bytes = 4) {
    std::string text;
    for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(number >> (8 * i));
    return text;
}

/// One message of `application/vnd.amazon.eventstream`, its headers all texts.
inline std::string aws_message(const std::vector<std::pair<std::string, std::string>>& headers,
                               const std::string& payload) {
    std::string head;
    for (const auto& [name, value] : headers) {
        head += big_endian(static_cast<std::uint32_t>(name.size()), 1) + name + '\x07' +
                big_endian(static_cast<std::uint32_t>(value.size()), 2) + value;
    }
    const auto size = static_cast<std::uint32_t>(head.size());
    std::string message =
        big_endian(static_cast<std::uint32_t>(16 + head.size() + payload.size())) +
        big_endian(size);
    message += big_endian(crc32_by_bits(message)) + head + payload;
    return message + big_endian(crc32_by_bits(message));
}

inline std::string aws_event(const std::string& type, const std::string& payload) {
    return aws_message(
        {{":event-type", type}, {":content-type", "application/json"}, {":message-type", "event"}},
        payload);
}

inline std::string aws_exception(const std::string& type, const std::string& payload) {
    return aws_message({{":exception-type", type},
                        {":content-type", "application/json"},
                        {":message-type", "exception"}},
                       payload);
}

}  // namespace assay::test
