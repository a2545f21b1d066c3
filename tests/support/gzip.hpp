#pragma once

#include <zlib.h>

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

namespace assay::test {

// How zlib calls the two formats that HTTP knows.
inline constexpr int k_zlib_window_bits = 15;
inline constexpr int k_gzip_window_bits = 15 + 16;

/// A text as a stream of one of them.
inline std::string packed_text(std::string_view text, int window_bits) {
    z_stream stream{};
    REQUIRE(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits, MAX_MEM_LEVEL,
                         Z_DEFAULT_STRATEGY) == Z_OK);
    std::string packed(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
    std::string copy(text);  // zlib's input is not const
    stream.next_in = reinterpret_cast<Bytef*>(copy.data());
    stream.avail_in = static_cast<uInt>(copy.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    packed.resize(stream.total_out);
    (void)deflateEnd(&stream);
    return packed;
}

inline std::string gzipped(std::string_view text) { return packed_text(text, k_gzip_window_bits); }

}  // namespace assay::test
