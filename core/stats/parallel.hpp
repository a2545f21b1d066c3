#pragma once

#include <cstddef>
#include <functional>

namespace assay {

/// Calls work(0) … work(blocks − 1), each once and in any order, perhaps at the same time, and
/// returns when all are done. The functions of this folder know no threads: a caller that has some
/// passes them in, and the result does not depend on it.
using Parallel =
    std::function<void(std::size_t blocks, const std::function<void(std::size_t block)>& work)>;

/// One after the other.
inline void serial(std::size_t blocks, const std::function<void(std::size_t block)>& work) {
    for (std::size_t block = 0; block < blocks; ++block) work(block);
}

}  // namespace assay
