#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/api/api_fixture.hpp"

namespace assay::test {

/// The keys of a project and of its organisation.
struct KeyRing {
    KeyPair project;
    KeyPair organization;
};

/// One of every thing that a project can hold, made through the API, and how each route of the
/// table is asked about it. For a new route: what its parameters are in `k_parameters`, what it is
/// sent in `k_forms`, and what it is about in fill() (api_world.cpp).
class ApiWorld {
  public:
    /// @param canary  stands in every text that is kept, so that it can be found again.
    ApiWorld(ApiFixture& fixture, KeyRing keys, std::string canary);

    enum class Ids : bool { own, unknown };
    /// A request to a route, about what is there or about what is not.
    struct Call {
        std::string method;
        std::string target;
        std::string body;
        bool makes = false;  ///< something new under the ids that it names
    };
    /// Nothing when a parameter or a body of the route has no case here.
    [[nodiscard]] std::optional<Call> call_of(const Route& route, Ids ids = Ids::own) const;
    /// Further requests: with ids of things that are not what their route is about.
    [[nodiscard]] std::vector<Call> references(Ids ids) const;

    /// The header with the key that a route wants. @param keys  of whoever asks.
    [[nodiscard]] static std::string authorization(const Route& route, const KeyRing& keys);

    /// A text in which every id of here, known or unknown, is replaced by its kind.
    [[nodiscard]] std::string without_ids(std::string text) const;

    /// Makes what is missing.
    void fill();

  private:
    Json make(std::string_view method, const std::string& target, const Json& body);
    [[nodiscard]] std::string filled(std::string_view text, Ids ids) const;

    ApiFixture& fixture_;
    KeyRing keys_;
    std::string canary_;
    std::map<std::string, std::string> ids_;  ///< by kind
};

/// An id that looks like another one.
[[nodiscard]] std::string unknown_like(std::string id);
/// Every occurrence of `what` becomes `with`.
[[nodiscard]] std::string replaced(std::string text, std::string_view what, std::string_view with);

}  // namespace assay::test
