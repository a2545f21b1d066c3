#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace assay {

using Sha256Digest = std::array<std::uint8_t, 32>;

/// SHA-256 of data that comes in pieces.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;

    void update(std::string_view bytes);
    /// The digest of everything so far. Call once.
    [[nodiscard]] Sha256Digest finish();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

[[nodiscard]] Sha256Digest sha256(std::string_view bytes);
/// The first `characters` hex digits (1 to 64, lower case) of the SHA-256 of `bytes`.
[[nodiscard]] std::string sha256_hex(std::string_view bytes, std::size_t characters = 64);
/// HMAC with SHA-256 (RFC 2104): who knows the key says that the message is theirs.
[[nodiscard]] Sha256Digest hmac_sha256(std::string_view key, std::string_view message);
[[nodiscard]] std::string to_hex(std::string_view bytes);
[[nodiscard]] std::string to_hex(const Sha256Digest& digest);

}  // namespace assay
