#include "runner/engine/other_outputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>

namespace assay {
namespace {

namespace asio = boost::asio;

/// Tells that a unit waits, for as long as it lives.
class WaitNotice {
  public:
    explicit WaitNotice(const std::function<void(bool)>& tell) : tell_(tell) {
        if (tell_) tell_(true);
    }
    ~WaitNotice() {
        if (tell_) tell_(false);
    }
    WaitNotice(const WaitNotice&) = delete;
    WaitNotice& operator=(const WaitNotice&) = delete;

  private:
    const std::function<void(bool)>& tell_;
};

std::unexpected<Error> no_output(const std::string& variant) {
    return failure(ErrorCode::not_found,
                   fmt::format("the variant \"{}\" gave no output for this item", variant));
}

}  // namespace

UnitRendezvous::Stay::Stay(UnitRendezvous& rendezvous, std::string_view variant,
                           std::uint64_t position, int repetition)
    : rendezvous_(rendezvous), variant_(variant), place_(position, repetition) {
    if (rendezvous_.compared_.empty()) return;
    Group& group = rendezvous_.groups_[place_];
    ++group.present;
    if (rendezvous_.is_compared(variant_)) {
        group.seats[std::string(variant_)].stage = Stage::under_way;
    }
    const auto before = std::exchange(rendezvous_.newest_, place_);
    if (!before || *before == place_) return;
    const auto left = rendezvous_.groups_.find(*before);
    if (left != rendezvous_.groups_.end()) wake(left->second);
}

UnitRendezvous::Stay::~Stay() {
    const auto group = rendezvous_.groups_.find(place_);
    if (group == rendezvous_.groups_.end()) return;
    const auto seat = group->second.seats.find(variant_);
    if (seat != group->second.seats.end() && seat->second.stage == Stage::under_way) {
        seat->second.stage = Stage::given_up;
        wake(group->second);
    }
    // The units of a place follow each other, but one may be over before the next one begins.
    --group->second.present;
    std::erase_if(rendezvous_.groups_, [this](const auto& each) {
        return each.second.present == 0 &&
               (rendezvous_.closed_ || rendezvous_.newest_ != each.first);
    });
}

void UnitRendezvous::Stay::publish(const Json& output) {
    if (!rendezvous_.is_compared(variant_)) return;
    Group& group = rendezvous_.groups_.at(place_);
    group.seats.find(variant_)->second = {output.is_null() ? Stage::no_output : Stage::answered,
                                          output};
    wake(group);
}

void UnitRendezvous::close() {
    closed_ = true;
    for (auto& [place, group] : groups_) wake(group);
}

void UnitRendezvous::wake(Group& group) {
    for (Wakeup& sleeper : group.sleepers) sleeper.notify();
}

bool UnitRendezvous::is_compared(std::string_view variant) const {
    return std::ranges::find(compared_, variant) != compared_.end();
}

Result<std::optional<Json>> UnitRendezvous::stored(const std::string& variant, Place place) {
    const auto record = std::ranges::find(parts_.run->variants, variant, &VariantRecord::name);
    if (parts_.stored == nullptr || record == parts_.run->variants.end()) return std::nullopt;
    return parts_.stored->output_of(record->dataset_run_id, place.first, place.second);
}

std::optional<Result<Json>> UnitRendezvous::known(const std::string& variant, Place place) {
    const auto group = groups_.find(place);
    Seat seat;
    if (group != groups_.end()) {
        const auto found = group->second.seats.find(variant);
        if (found != group->second.seats.end()) seat = found->second;
    }
    switch (seat.stage) {
        case Stage::under_way: return std::nullopt;
        case Stage::answered: return std::move(seat.output);
        case Stage::no_output: return no_output(variant);
        case Stage::given_up:
            return failure(ErrorCode::cancelled, "what it is compared with was given up");
        case Stage::to_begin: break;
    }
    auto before = stored(variant, place);
    if (!before) return std::unexpected(std::move(before.error()));
    if (*before && !(*before)->is_null()) return std::move(**before);
    if (*before || newest_ != place) return no_output(variant);
    if (closed_) return failure(ErrorCode::cancelled, "what it is compared with was not begun");
    return std::nullopt;
}

Task<Json> UnitRendezvous::of_variant(std::string variant, std::uint64_t position, int repetition,
                                      Deadline deadline) {
    const Place place(position, repetition);
    auto found = known(variant, place);
    if (found) co_return std::move(*found);
    const WaitNotice notice(parts_.on_wait);
    // Who waits is present, so its group stays.
    std::list<Wakeup>& sleepers = groups_.at(place).sleepers;
    const auto own = sleepers.emplace(sleepers.end(), co_await asio::this_coro::executor);
    auto cause = Wakeup::Cause::notified;
    while (!found && cause == Wakeup::Cause::notified) {
        cause = co_await own->wait(deadline);
        found = known(variant, place);
    }
    sleepers.erase(own);
    if (found) co_return std::move(*found);
    if (cause == Wakeup::Cause::cancelled) {
        co_return failure(ErrorCode::cancelled, "cancelled while waiting for another variant");
    }
    co_return failure(ErrorCode::deadline_exceeded,
                      fmt::format("the variant \"{}\" did not answer in time", variant));
}

Result<Json> UnitRendezvous::of_run(const std::string& run, const std::string& item_id,
                                    int repetition) {
    if (parts_.stored == nullptr) {
        return failure(ErrorCode::not_found, "there are no stored runs to compare with here");
    }
    return parts_.stored->output_of_run(run, item_id, repetition);
}

bool compares_others_with(const BoundEvaluator& evaluator, std::string_view variant) {
    if (evaluator.waiting() == nullptr) return false;
    const std::vector<std::string> compared = evaluator.waiting()->compares_with();
    return std::ranges::find(compared, variant) != compared.end();
}

std::vector<std::string> compared_variants(const std::vector<BoundEvaluator>& evaluators) {
    std::vector<std::string> compared;
    for (const BoundEvaluator& evaluator : evaluators) {
        if (evaluator.waiting() == nullptr) continue;
        for (const std::string& name : evaluator.waiting()->compares_with()) {
            if (std::ranges::find(compared, name) == compared.end()) compared.push_back(name);
        }
    }
    return compared;
}

}  // namespace assay
