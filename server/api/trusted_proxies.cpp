#include "server/api/trusted_proxies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <ranges>

#include "core/base/text.hpp"

namespace assay {

namespace ip = boost::asio::ip;

namespace {

constexpr std::array<std::string_view, 5> k_told_by_proxies = {
    "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "x-real-ip"};

std::optional<ip::address> parse_address(std::string_view text) {
    boost::system::error_code error;
    const ip::address address = ip::make_address(std::string(text), error);
    if (error) return std::nullopt;
    return plain_address(address);
}

/// An address as proxies write it: "10.0.0.1", "10.0.0.1:80", "fd00::1", "[fd00::1]:80".
std::optional<ip::address> parse_hop(std::string_view text) {
    if (text.starts_with('[')) return parse_address(text.substr(1, text.find(']') - 1));
    const bool has_port = std::ranges::count(text, ':') == 1;
    return parse_address(has_port ? text.substr(0, text.find(':')) : text);
}

/// The words of all headers of that name, in order: proxies may add a word or a header.
std::vector<std::string> words_of(const ApiRequest& request, std::string_view name) {
    std::vector<std::string> words;
    for (const auto& [key, value] : request.headers) {
        if (key != name) continue;
        for (const std::string_view word : split(value, ',')) words.emplace_back(trim(word));
    }
    return words;
}

std::string last_word(const ApiRequest& request, std::string_view name) {
    const auto words = words_of(request, name);
    return words.empty() ? std::string() : words.back();
}

/// @param networks  of the version of `address`.
template <class Network, class Address>
bool is_in(const std::vector<Network>& networks, const Address& address) {
    return std::ranges::any_of(networks, [&](const Network& network) {
        return Network(address, network.prefix_length()).canonical() == network.canonical();
    });
}

}  // namespace

ip::address plain_address(const ip::address& address) {
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
}

Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& addresses) {
    TrustedProxies proxies;
    for (const std::string& text : addresses) {
        boost::system::error_code error_v4;
        boost::system::error_code error_v6;
        const bool is_network = text.find('/') != std::string::npos;
        const auto v4 = ip::make_network_v4(is_network ? text : text + "/32", error_v4);
        const auto v6 = ip::make_network_v6(is_network ? text : text + "/128", error_v6);
        if (error_v4 && error_v6) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("\"{}\" is no address of a proxy; say one like 10.0.0.2, "
                                       "fd00::2 or 10.0.0.0/8",
                                       text));
        }
        if (!error_v4) proxies.networks_v4_.push_back(v4);
        if (!error_v6) proxies.networks_v6_.push_back(v6);
    }
    return proxies;
}

bool TrustedProxies::contains(std::string_view text) const {
    const auto address = parse_address(text);
    if (!address) return false;
    return address->is_v4() ? is_in(networks_v4_, address->to_v4())
                            : is_in(networks_v6_, address->to_v6());
}

/// From the nearest proxy on, each says who asked it; the first that is none of ours is not
/// believed any more. What is no address says nothing.
std::string TrustedProxies::find_sender(const ApiRequest& request) const {
    std::string sender = request.peer;
    const auto hops = words_of(request, "x-forwarded-for");
    for (const std::string& hop : std::views::reverse(hops)) {
        if (!contains(sender)) break;
        const auto address = parse_hop(hop);
        if (!address) break;
        sender = address->to_string();
    }
    return sender;
}

void TrustedProxies::resolve(ApiRequest& request) const {
    if (contains(request.peer)) {
        const std::string scheme = to_lower_ascii(last_word(request, "x-forwarded-proto"));
        if (scheme == "http" || scheme == "https") request.scheme = scheme;
        std::string host = last_word(request, "x-forwarded-host");
        if (!host.empty()) request.host = std::move(host);
        request.peer = find_sender(request);
    }
    std::erase_if(request.headers, [](const auto& field) {
        return std::ranges::find(k_told_by_proxies, field.first) != k_told_by_proxies.end();
    });
}

}  // namespace assay
