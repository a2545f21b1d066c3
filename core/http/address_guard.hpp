#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string_view>

namespace assay {

/// Which addresses requests may reach.
enum class AddressPolicy : std::uint8_t {
    any,          ///< for hosts that the operator names: a model server on loopback is normal
    public_only,  ///< for hosts that others name: nothing inside our own network
};

/// What makes an address unfit for AddressPolicy::public_only: "a loopback", "a private", ...; ""
/// for a public one. It judges the address that a name was resolved to, in binary: what the host
/// looked like in the URL (decimal, octal, short, a name) no longer matters then. IPv6 that carries
/// an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo) is never public, for who knows where
/// it is unpacked.
///
/// Source: the IANA IPv4 and IPv6 special-purpose address registries.
[[nodiscard]] std::string_view non_public_kind(const sockaddr* address, socklen_t length);

}  // namespace assay
