#pragma once

#include <cstdint>
#include <memory>

#include "runner/cli/progress.hpp"

namespace assay {

/// `--progress json`: a JSON object a line on stderr, as docs/progress.md describes.
[[nodiscard]] std::unique_ptr<Progress> make_progress_events(std::uint64_t planned,
                                                             const Clock& clock);

}  // namespace assay
