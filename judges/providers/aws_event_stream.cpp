#include "judges/providers/aws_event_stream.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/crc.hpp>
#include <cstdint>
#include <optional>

#include "core/base/limits.hpp"

namespace assay {
namespace {

constexpr std::size_t k_prelude_bytes = 8;  // two lengths, then their checksum
constexpr std::size_t k_checksum_bytes = 4;
constexpr std::size_t k_frame_bytes = k_prelude_bytes + 2 * k_checksum_bytes;  // without content

std::uint32_t crc32_of(std::string_view bytes) {
    boost::crc_32_type crc;
    crc.process_bytes(bytes.data(), bytes.size());
    return crc.checksum();
}

/// A number whose first byte counts most.
std::uint32_t read_number(std::string_view bytes) {
    std::uint32_t number = 0;
    for (const char byte : bytes) number = (number << 8U) | static_cast<unsigned char>(byte);
    return number;
}

std::unexpected<Error> damaged(std::string_view what) {
    return retryable_failure(ErrorCode::unavailable,
                             fmt::format("the stream is damaged: {}", what));
}

/// Takes so many bytes off the beginning; nothing when there are fewer.
std::optional<std::string_view> take(std::string_view& bytes, std::size_t count) {
    if (bytes.size() < count) return std::nullopt;
    const std::string_view taken = bytes.substr(0, count);
    bytes.remove_prefix(count);
    return taken;
}

/// Takes a text or bytes with their length before them.
std::optional<std::string_view> take_sized(std::string_view& bytes, std::size_t length_bytes) {
    const auto length = take(bytes, length_bytes);
    return length ? take(bytes, read_number(*length)) : std::nullopt;
}

/// Takes one header: its name, a byte for the type of its value, the value.
/// @return false when the bytes are none.
bool take_header(std::string_view& bytes, AwsEvent& event) {
    // By type: true, false, byte, 16, 32 and 64 bits, bytes, text, time, UUID.
    constexpr std::array<std::size_t, 10> k_value_bytes = {0, 0, 1, 2, 4, 8, 0, 0, 8, 16};
    constexpr std::size_t k_bytes_type = 6;
    constexpr std::size_t k_text_type = 7;
    const auto name = take_sized(bytes, 1);
    const auto type_byte = take(bytes, 1);
    if (!name || !type_byte) return false;
    const std::size_t type = read_number(*type_byte);
    if (type >= k_value_bytes.size()) return false;
    const bool is_sized = type == k_bytes_type || type == k_text_type;
    const auto value = is_sized ? take_sized(bytes, 2) : take(bytes, k_value_bytes[type]);
    if (!value) return false;
    if (type == k_text_type) event.headers.insert_or_assign(std::string(*name), *value);
    return true;
}

struct Lengths {
    std::size_t message = 0;
    std::size_t headers = 0;
};

/// Reads the beginning of a message, all of which must be there.
Result<Lengths> read_prelude(std::string_view bytes) {
    const std::string_view prelude = bytes.substr(0, k_prelude_bytes);
    if (read_number(bytes.substr(k_prelude_bytes, k_checksum_bytes)) != crc32_of(prelude)) {
        return damaged("the checksum of a message's lengths is wrong");
    }
    const Lengths lengths{.message = read_number(prelude.substr(0, 4)),
                          .headers = read_number(prelude.substr(4))};
    if (lengths.message < k_frame_bytes || lengths.headers > lengths.message - k_frame_bytes) {
        return damaged("a message's lengths contradict each other");
    }
    if (lengths.message > limits::k_sse_event_bytes_max) {
        return failure(ErrorCode::resource_exhausted,
                       fmt::format("an event of the stream is larger than {} MB",
                                   limits::k_sse_event_bytes_max >> 20U));
    }
    return lengths;
}

Result<AwsEvent> read_message(std::string_view bytes, std::size_t headers_bytes) {
    const std::string_view signed_bytes = bytes.substr(0, bytes.size() - k_checksum_bytes);
    if (read_number(bytes.substr(signed_bytes.size())) != crc32_of(signed_bytes)) {
        return damaged("the checksum of a message is wrong");
    }
    std::string_view content = signed_bytes.substr(k_prelude_bytes + k_checksum_bytes);
    std::string_view headers = content.substr(0, headers_bytes);
    AwsEvent event{.headers = {}, .payload = std::string(content.substr(headers_bytes))};
    while (!headers.empty()) {
        if (!take_header(headers, event)) return damaged("the headers of a message are cut short");
    }
    return event;
}

}  // namespace

std::string_view AwsEvent::header(std::string_view name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

Result<void> AwsEventStream::feed(std::string_view bytes, std::vector<AwsEvent>& events) {
    buffer_ += bytes;
    std::string_view rest = buffer_;
    while (rest.size() >= k_prelude_bytes + k_checksum_bytes) {
        ASSAY_TRY(const Lengths lengths, read_prelude(rest));
        if (rest.size() < lengths.message) break;
        ASSAY_TRY(AwsEvent event, read_message(rest.substr(0, lengths.message), lengths.headers));
        events.push_back(std::move(event));
        rest.remove_prefix(lengths.message);
    }
    buffer_.erase(0, buffer_.size() - rest.size());
    return {};
}

}  // namespace assay
