#include "server/api/inflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>

namespace assay {
namespace {

// 15 bits of window; 32 more make zlib tell gzip and zlib streams apart by their headers.
constexpr int k_window_bits_either = 15 + 32;

struct EndStream {
    void operator()(z_stream* stream) const noexcept { (void)inflateEnd(stream); }
};

std::size_t inflated_bytes_max(std::size_t packed_bytes) {
    return std::max(limits::k_http_inflated_bytes_free,
                    packed_bytes * limits::k_http_inflated_ratio_max);
}

}  // namespace

Result<std::string> inflate_body(std::string_view packed, std::size_t bytes_max) {
    z_stream stream{};
    if (inflateInit2(&stream, k_window_bits_either) != Z_OK) {
        return failure(ErrorCode::resource_exhausted, "There is no memory to inflate the body");
    }
    const std::unique_ptr<z_stream, EndStream> end(&stream);
    // zlib does not write through next_in, which is not const for historical reasons.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    bytes_max = std::min(bytes_max, inflated_bytes_max(packed.size()));
    std::string text;
    std::array<char, 64U << 10U> piece{};
    int code = Z_OK;
    while (code == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream.avail_out = static_cast<uInt>(piece.size());
        code = inflate(&stream, Z_NO_FLUSH);
        text.append(piece.data(), piece.size() - stream.avail_out);
        if (text.size() > bytes_max) {
            return failure(ErrorCode::resource_exhausted,
                           "The body is too large once it is inflated");
        }
    }
    if (code != Z_STREAM_END || stream.avail_in != 0) {
        return failure(ErrorCode::invalid_argument,
                       "The body is not the gzip or zlib stream that its Content-Encoding says");
    }
    return text;
}

}  // namespace assay
