#include "core/base/json.hpp"
#include "server/client/api_answer.hpp"
#include "tests/fuzz/harness.hpp"

namespace assay::test {

/// What a server that may be any program answers to a client of ours.
void fuzz_server_answer(std::string_view bytes) {
    for (const int status : {200, 207, 301, 400, 401, 404, 429, 500, 999}) {
        const auto answer = read_answer(
            {.status = status,
             .headers = {{"content-type", "application/json"}, {"retry-after", std::string(bytes)}},
             .body = std::string(bytes)},
            "http://localhost");
        ASSAY_ASSERT(!answer || (status < 300 && answer->is_object()), "an answer is an object");
    }
}

}  // namespace assay::test
