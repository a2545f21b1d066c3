#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runner/cli/open_run.hpp"

namespace assay {

/// One kind of thing that was held against what it must be.
struct VerifyCheck {
    std::string id;             ///< "content_hashes"
    std::string what;           ///< "content hashes of items"
    std::uint64_t checked = 0;  ///< things looked at
    std::uint64_t wrong = 0;    ///< of them
    /// Where and what, a line each: the first few.
    std::vector<std::string> problems;
    std::string skipped;  ///< why nothing, or not all, could be checked; or ""

    void expect(bool holds, const std::string& problem);
};

/// Recomputes what can be recomputed of a stored run from its rows and holds it against what is
/// stored: the file, documents, hashes, ids, counts, scores.
[[nodiscard]] std::vector<VerifyCheck> verify_run(const OpenRun& open);

}  // namespace assay
