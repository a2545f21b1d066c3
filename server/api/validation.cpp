#include "server/api/validation.hpp"

#include <fmt/format.h>

#include <utility>

#include "server/api/error_body.hpp"

namespace assay {

Invalid wrong_type(std::vector<Json> path, std::string_view expected, const Json& received) {
    return {.code = "invalid_type",
            .path = std::move(path),
            .message = fmt::format("Invalid input: expected {}, received {}", expected,
                                   received.is_null() ? "nothing" : received.type_name())};
}

ApiResponse invalid_data(std::span<const Invalid> faults, std::string_view key) {
    OrderedJson list = OrderedJson::array();
    for (const Invalid& fault : faults) {
        OrderedJson path = OrderedJson::array();
        for (const Json& part : fault.path) path.emplace_back(part);
        list.push_back({{"code", fault.code}, {"path", path}, {"message", fault.message}});
    }
    OrderedJson body;
    body["message"] = "Invalid request data";
    body[std::string(key)] = std::move(list);
    return json_response(400, body);
}

ApiResponse invalid_data(const Invalid& fault, std::string_view key) {
    return invalid_data(std::span(&fault, 1), key);
}

}  // namespace assay
