#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/wakeup.hpp"
#include "core/model/run.hpp"
#include "evaluators/evaluation.hpp"
#include "runner/engine/ports.hpp"

namespace assay {

/// Where units of one run meet that compare their outputs: those of one item and repetition. A unit
/// says when it begins, what its task gave, and when it ends; who compares with it waits for the
/// second. What is kept of an item and repetition goes with the last of its units under way. Lives
/// on the I/O thread.
class UnitRendezvous final : public OtherOutputs {
  public:
    struct Parts {
        const RunRecord* run = nullptr;
        /// Units of the run that are stored already, and other runs; nullptr = there are none.
        StoredOutputs* stored = nullptr;
        /// Called when a unit begins to wait (true) and when it goes on (false): it takes up no
        /// worker meanwhile, so that the one that it waits for can begin.
        std::function<void(bool waits)> on_wait = nullptr;
    };
    /// @param compared  the variants whose outputs are asked for. All parts outlive this.
    UnitRendezvous(std::vector<std::string> compared, Parts parts)
        : compared_(std::move(compared)), parts_(std::move(parts)) {}

    /// One unit under way: present until this goes away, given up unless it published before.
    class Stay {
      public:
        /// @param variant  outlives this.
        Stay(UnitRendezvous& rendezvous, std::string_view variant, std::uint64_t position,
             int repetition);
        ~Stay();
        Stay(const Stay&) = delete;
        Stay& operator=(const Stay&) = delete;
        /// The task has ended. @param output  null = it gave none.
        void publish(const Json& output);

      private:
        UnitRendezvous& rendezvous_;
        std::string_view variant_;
        std::pair<std::uint64_t, int> place_;
    };

    /// No unit begins any more: nobody is waited for that has not.
    void close();

    [[nodiscard]] Task<Json> of_variant(std::string variant, std::uint64_t position, int repetition,
                                        Deadline deadline) override;
    [[nodiscard]] Result<Json> of_run(const std::string& run, const std::string& item_id,
                                      int repetition) override;

    /// Of how many items and repetitions something is kept.
    [[nodiscard]] std::size_t size() const { return groups_.size(); }

  private:
    enum class Stage : std::uint8_t { to_begin, under_way, answered, no_output, given_up };
    struct Seat {
        Stage stage = Stage::to_begin;
        Json output;
    };
    struct Group {
        std::map<std::string, Seat, std::less<>> seats;  ///< of the variants compared with
        std::list<Wakeup> sleepers;
        std::size_t present = 0;
    };
    using Place = std::pair<std::uint64_t, int>;  ///< item's position, repetition

    [[nodiscard]] bool is_compared(std::string_view variant) const;
    /// What there is to say of the variant's unit now; nothing = it is worth waiting for.
    [[nodiscard]] std::optional<Result<Json>> known(const std::string& variant, Place place);
    [[nodiscard]] Result<std::optional<Json>> stored(const std::string& variant, Place place);
    static void wake(Group& group);

    std::vector<std::string> compared_;
    Parts parts_;
    std::map<Place, Group> groups_;
    std::optional<Place> newest_;  ///< where the last unit began: none begins at an earlier one
    bool closed_ = false;
};

/// Whether the evaluator compares the others with this variant, which it does not judge then.
[[nodiscard]] bool compares_others_with(const BoundEvaluator& evaluator, std::string_view variant);
/// The variants that evaluators compare with, each once.
[[nodiscard]] std::vector<std::string> compared_variants(
    const std::vector<BoundEvaluator>& evaluators);

}  // namespace assay
