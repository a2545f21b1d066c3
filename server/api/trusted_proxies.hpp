#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "server/api/http_message.hpp"

namespace assay {

/// An address in the one form in which it is compared: an IPv4 address that came over IPv6 is one.
[[nodiscard]] boost::asio::ip::address plain_address(const boost::asio::ip::address& address);

/// The proxies whose word is believed on who asks, for which host and whether it was encrypted.
class TrustedProxies {
  public:
    /// @param addresses  like "10.0.0.2", "fd00::2" or, for a network, "10.0.0.0/8".
    /// @error invalid_argument for anything else.
    static Result<TrustedProxies> parse(const std::vector<std::string>& addresses);

    [[nodiscard]] bool contains(std::string_view address) const;

    /// Puts the peer, the host and the scheme that a proxy names into a request that came from it:
    /// of X-Forwarded-For the last address that is no proxy of ours, of X-Forwarded-Host and
    /// X-Forwarded-Proto the last word, which is the proxy's own. Whoever sent them, those headers
    /// are gone afterwards.
    void resolve(ApiRequest& request) const;

  private:
    [[nodiscard]] std::string find_sender(const ApiRequest& request) const;

    std::vector<boost::asio::ip::network_v4> networks_v4_;
    std::vector<boost::asio::ip::network_v6> networks_v6_;
};

}  // namespace assay
