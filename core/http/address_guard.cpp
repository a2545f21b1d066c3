#include "core/http/address_guard.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace assay {
namespace {

struct Ipv4Range {
    std::array<std::uint8_t, 4> network;
    unsigned bits;
    std::string_view kind;
};

constexpr std::array k_ipv4_ranges = {
    Ipv4Range{{0, 0, 0, 0}, 8, "an unspecified"},
    Ipv4Range{{10, 0, 0, 0}, 8, "a private"},
    Ipv4Range{{100, 64, 0, 0}, 10, "a carrier's shared"},
    Ipv4Range{{127, 0, 0, 0}, 8, "a loopback"},
    Ipv4Range{{168, 63, 129, 16}, 32, "a cloud metadata"},  // the one that is a public number
    Ipv4Range{{169, 254, 0, 0}, 16, "a link-local or cloud metadata"},
    Ipv4Range{{172, 16, 0, 0}, 12, "a private"},
    Ipv4Range{{192, 0, 0, 0}, 24, "a reserved"},
    Ipv4Range{{192, 0, 2, 0}, 24, "a documentation"},
    Ipv4Range{{192, 88, 99, 0}, 24, "a 6to4"},
    Ipv4Range{{192, 168, 0, 0}, 16, "a private"},
    Ipv4Range{{198, 18, 0, 0}, 15, "a benchmarking"},
    Ipv4Range{{198, 51, 100, 0}, 24, "a documentation"},
    Ipv4Range{{203, 0, 113, 0}, 24, "a documentation"},
    Ipv4Range{{224, 0, 0, 0}, 4, "a multicast"},
    Ipv4Range{{240, 0, 0, 0}, 4, "a reserved"},
};

struct Ipv6Range {
    std::array<std::uint16_t, 8> network;  ///< the groups as they are written
    unsigned bits;
    std::string_view kind;
};

// The first that fits tells the kind. Only 2000::/3 is given out to the public at all.
constexpr std::array k_ipv6_ranges = {
    Ipv6Range{{}, 128, "an unspecified"},
    Ipv6Range{{0, 0, 0, 0, 0, 0, 0, 1}, 128, "a loopback"},
    Ipv6Range{{0, 0, 0, 0, 0, 0xffff}, 96, "an IPv4-mapped"},
    Ipv6Range{{}, 96, "an IPv4-compatible"},
    Ipv6Range{{0x64, 0xff9b}, 32, "a NAT64"},
    Ipv6Range{{0xfc00}, 7, "a private"},
    Ipv6Range{{0xfe80}, 10, "a link-local"},
    Ipv6Range{{0xfec0}, 10, "a site-local"},
    Ipv6Range{{0xff00}, 8, "a multicast"},
    Ipv6Range{{0x2001, 0}, 32, "a Teredo"},
    Ipv6Range{{0x2001, 0}, 23, "a reserved"},
    Ipv6Range{{0x2001, 0xdb8}, 32, "a documentation"},
    Ipv6Range{{0x2002}, 16, "a 6to4"},
    Ipv6Range{{0x3fff, 0}, 20, "a documentation"},
};

/// Whether the first `bits` of two addresses agree, group by group.
template <class Group, std::size_t count>
bool shares_prefix(const std::array<Group, count>& a, const std::array<Group, count>& b,
                   unsigned bits) {
    constexpr unsigned k_group_bits = sizeof(Group) * 8;
    const std::size_t whole = bits / k_group_bits;
    const unsigned rest = bits % k_group_bits;
    if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) {
        return false;
    }
    return rest == 0 || (a[whole] ^ b[whole]) >> (k_group_bits - rest) == 0;
}

std::string_view kind_of(const in_addr& address) {
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &address, bytes.size());
    const auto found = std::ranges::find_if(k_ipv4_ranges, [&bytes](const Ipv4Range& range) {
        return shares_prefix(bytes, range.network, range.bits);
    });
    return found == k_ipv4_ranges.end() ? std::string_view() : found->kind;
}

std::string_view kind_of(const in6_addr& address) {
    std::array<std::uint16_t, 8> groups{};
    std::memcpy(groups.data(), &address, sizeof(address));
    std::ranges::transform(groups, groups.begin(), [](std::uint16_t g) { return ntohs(g); });
    const auto found = std::ranges::find_if(k_ipv6_ranges, [&groups](const Ipv6Range& range) {
        return shares_prefix(groups, range.network, range.bits);
    });
    if (found != k_ipv6_ranges.end()) return found->kind;
    return shares_prefix(groups, {0x2000}, 3) ? std::string_view() : "a reserved";
}

}  // namespace

std::string_view non_public_kind(const sockaddr* address, socklen_t length) {
    if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, address, sizeof(ipv4));
        return kind_of(ipv4.sin_addr);
    }
    if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
        sockaddr_in6 ipv6{};
        std::memcpy(&ipv6, address, sizeof(ipv6));
        return ipv6.sin6_scope_id != 0 ? "a link-local" : kind_of(ipv6.sin6_addr);
    }
    return "an unknown kind of";
}

}  // namespace assay
