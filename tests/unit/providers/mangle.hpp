#pragma once

#include <array>
#include <random>
#include <string>
#include <utility>

#include "core/base/json.hpp"

namespace assay::test {

/// A value with about one node in eight replaced, doubled or taken out: what a server answers that
/// has gone wrong in a way that nobody thought of.
inline Json mangle(const Json& value, std::mt19937_64& random) {
    static const std::array<Json, 10> k_others = {Json(),
                                                  Json(true),
                                                  Json(-1),
                                                  Json(1e300),
                                                  Json("text"),
                                                  Json(""),
                                                  Json::array(),
                                                  Json::object(),
                                                  Json::array({1, Json::array()}),
                                                  Json({{"text", 7}})};
    if (random() % 8 == 0) return k_others[random() % k_others.size()];
    if (!value.is_structured()) return value;
    Json mangled = value.is_array() ? Json::array() : Json::object();
    for (const auto& [name, member] : value.items()) {
        const auto choice = random() % 16;
        if (choice == 0) continue;
        if (!value.is_array()) {
            mangled[choice == 1 ? name + "X" : name] = mangle(member, random);
            continue;
        }
        mangled.push_back(mangle(member, random));
        if (choice == 1) mangled.push_back(mangled.back());
    }
    return mangled;
}

}  // namespace assay::test
