#pragma once

#include <utility>

#include "server/api/route.hpp"

namespace assay {

/// The job of a request that has its answer already: it was refused.
[[nodiscard]] inline WriteJob answer_job(ApiResponse response) {
    return [response = std::move(response)](Session& /*writer*/) -> Result<ApiResponse> {
        return response;
    };
}

}  // namespace assay
