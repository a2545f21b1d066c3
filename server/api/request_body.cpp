#include "server/api/request_body.hpp"

#include <fmt/format.h>

namespace assay {

Result<Json> parse_object(const ApiRequest& request) {
    auto body = parse_json(request.body);
    if (!body) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("The body is not valid JSON: {}", body.error().message));
    }
    if (!body->is_object()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("The body must be an object, not {}", type_phrase(*body)));
    }
    return std::move(*body);
}

const Json& member_of(const Json& object, std::string_view name) {
    static const Json k_null;
    const auto found = object.find(name);
    return found == object.end() ? k_null : *found;
}

}  // namespace assay
