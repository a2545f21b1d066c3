#pragma once

#include <string_view>

namespace assay {

/// The program's version, from the project() line of CMakeLists.txt.
inline constexpr std::string_view k_version = ASSAY_VERSION;

}  // namespace assay
