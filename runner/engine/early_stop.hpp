#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/model/quarantine.hpp"
#include "core/model/run.hpp"
#include "core/stats/sequential.hpp"
#include "runner/engine/unit_source.hpp"

namespace assay {

/// Says when a run with `stop` may end: once every gate on its score is decided for every variant
/// by an interval that holds at all moments at once (core/stats/sequential.hpp). Items count in
/// the order in which they were taken, whenever their answers come, so that a quick answer is not
/// looked at before a slow one.
class EarlyStop {
  public:
    /// @param run  with a `stop`; outlives this.
    explicit EarlyStop(const RunRecord& run);

    /// A unit was taken. Those of one item follow each other.
    void begin(const PlannedUnit& unit);
    /// A unit was stored.
    void end(const UnitResult& unit);

    [[nodiscard]] bool is_decided() const { return decided_; }
    /// That the decision rests on.
    [[nodiscard]] std::uint64_t items() const { return items_; }

  private:
    struct Values {
        double sum = 0;
        std::uint32_t count = 0;
    };
    struct OpenItem {
        DatasetItemId id;
        std::uint32_t units_left = 0;
        std::vector<Values> of_variant;
    };
    struct Question {
        const Gate* gate;
        BettingSequence sequence;
        std::size_t variant;
    };

    void count(const OpenItem& item);
    [[nodiscard]] bool all_decided() const;

    const RunRecord& run_;
    const StopRule& rule_;
    Quarantine quarantine_;
    std::map<std::string, std::size_t> variant_of_;
    std::vector<Question> questions_;
    std::deque<OpenItem> open_;
    std::uint64_t items_ = 0;
    bool possible_ = true;  ///< no value was outside of [0, 1]
    bool decided_ = false;
};

}  // namespace assay
