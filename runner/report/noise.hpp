#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/stats/noise.hpp"
#include "runner/report/report.hpp"

namespace assay {

/// One score, or the share of one of its categories, in runs of identical input.
struct ScoreNoise {
    std::string variant;
    std::string score;
    std::string category;  ///< "" = the score itself
    std::optional<ScoreDataType> data_type;
    std::vector<double> means;  ///< one a run, over the items that all runs have; not of labels
    std::optional<NoiseFloor> floor;
    std::string no_floor;       ///< why there is none
    std::uint64_t items = 0;    ///< that all runs answered, with the score in one of them at least
    std::uint64_t flipped = 0;  ///< of them, whose values are not the same in all runs
};

/// What a gate said in each of the runs.
struct GateNoise {
    std::string gate;
    std::string variant;
    std::string slice;
    std::uint64_t passed = 0;
    std::uint64_t failed = 0;
    std::uint64_t undecided = 0;

    [[nodiscard]] bool moves() const { return (passed > 0) + (failed > 0) + (undecided > 0) > 1; }
};

/// An item whose score is not the same in all runs.
struct FlippedItem {
    DatasetItemId item;
    std::string variant;
    std::string score;
    std::vector<std::string> values;  ///< one a run: "true", "0.5", "billing"; "–" = none
    double flip_rate = 0;             ///< of the pairs of runs, the share that differ in it
};

struct Noise {
    std::vector<std::string> runs;  ///< their ids
    std::string experiment;
    int repetitions = 1;
    std::vector<ScoreNoise> scores;
    std::vector<GateNoise> gates;
    std::vector<FlippedItem> flipped;  ///< the flakiest first
};

inline constexpr double k_noise_confidence = 0.95;

/// How much runs of identical input differ: their numbers, their verdicts and their items.
/// @param runs  at least two reports of finished runs of one plan, oldest first.
/// @error invalid_argument when there are fewer, or when their plans differ.
[[nodiscard]] Result<Noise> measure_noise(std::span<const Report> runs);

}  // namespace assay
