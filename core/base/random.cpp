#include "core/base/random.hpp"

#include <openssl/rand.h>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"

namespace assay {

std::string random_hex(std::size_t bytes) {
    std::string buffer(bytes, '\0');
    const int done = RAND_bytes(reinterpret_cast<unsigned char*>(buffer.data()),
                                static_cast<int>(buffer.size()));
    ASSAY_ASSERT(done == 1, "the system has a source of randomness");
    return to_hex(buffer);
}

}  // namespace assay
