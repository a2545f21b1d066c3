#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model/gate.hpp"
#include "core/model/run.hpp"

namespace assay {

/// How far two runs of identical input lie apart in one score, as a run noted it when it began.
struct KnownNoise {
    std::string variant;
    std::string score;
    std::string category;    ///< the noise of its share; "" = of the mean
    double floor = 0;        ///< see NoiseFloor::difference
    std::uint64_t runs = 0;  ///< that it was measured with
};

inline constexpr const char* k_noise_key = "noise";  ///< of the list in a manifest
[[nodiscard]] Json to_json(const std::vector<KnownNoise>& noise);

/// The noise of what a gate looks at in a variant: of the difference of two variants when it
/// compares two. Nothing when it was not measured, was not seen, or the gate looks at slices.
[[nodiscard]] std::optional<KnownNoise> noise_of(const Gate& gate, const std::string& variant,
                                                 const Json& manifest);

}  // namespace assay
