#include "runner/cli/progress_events.hpp"

namespace assay {
namespace {

constexpr std::chrono::seconds k_interval{1};

class ProgressEvents final : public Progress {
  public:
    ProgressEvents(std::uint64_t planned, const Clock& clock)
        : clock_(clock), tally_(planned, clock), next_(clock.monotonic() + k_interval) {}

    void units_stored(const RunRecord& run, std::size_t units) override {
        tally_.add_stored(units);
        OrderedJson event = begin("begin");
        event["run_id"] = run.id.value();
        event["experiment"] = run.experiment;
        event["units_planned"] = tally_.planned();
        event["units_stored"] = tally_.done();
        emit(event);
    }

    void unit_finished(const RunRecord& run, const UnitResult& unit) override {
        tally_.add(unit);
        OrderedJson event = begin("unit");
        event["run_id"] = run.id.value();
        event["item_id"] = unit.item.id.value();
        event["variant"] = unit.variant;
        event["repetition"] = unit.repetition;
        event["status"] = to_string(unit.status);
        event["error"] = unit.error.empty() ? OrderedJson(nullptr) : OrderedJson(unit.error);
        event["latency_ms"] = to_ms(unit.latency);
        event["paid_usd"] = unit.paid ? OrderedJson(to_usd(*unit.paid)) : OrderedJson(nullptr);
        event["retries"] = unit.retries;
        event["cached"] = unit.cached;
        event["trace_id"] = unit.trace_id.value();
        emit(event);
    }

    void stopping(std::size_t units_in_flight, bool at_once) override {
        OrderedJson event = begin("stopping");
        event["units_in_flight"] = units_in_flight;
        event["at_once"] = at_once;
        emit(event);
    }

    void tick(const ExecutionPulse& pulse) override {
        if (clock_.monotonic() < next_) return;
        next_ = clock_.monotonic() + k_interval;
        OrderedJson event = summary("progress");
        event["units_in_flight"] = pulse.units_in_flight;
        event["lanes"] = OrderedJson::array();
        for (const CallLimiter::LaneState& state : pulse.lanes) {
            event["lanes"].push_back({{"provider", state.lane.provider},
                                      {"model", state.lane.model},
                                      {"judge", state.lane.is_judge},
                                      {"limit", state.limit},
                                      {"under_way", state.under_way},
                                      {"waiting", state.waiting}});
        }
        emit(event);
    }

    void finish() override { emit(summary("end")); }

  private:
    [[nodiscard]] OrderedJson begin(const char* name) const {
        OrderedJson event;
        event["event"] = name;
        event["time"] = to_rfc3339(clock_.now());
        return event;
    }

    [[nodiscard]] OrderedJson summary(const char* name) const {
        OrderedJson event = begin(name);
        const auto left = tally_.seconds_left();
        event["units_planned"] = tally_.planned();
        event["units_done"] = tally_.done();
        event["errors"] = tally_.errors();
        event["retries"] = tally_.retries();
        event["cached"] = tally_.cached();
        event["paid_usd"] = to_usd(tally_.paid());
        event["judges_paid_usd"] = to_usd(tally_.paid_for_judges());
        event["units_per_second"] = tally_.units_per_second();
        event["seconds_left"] = left ? OrderedJson(*left) : OrderedJson(nullptr);
        return event;
    }

    static void emit(const OrderedJson& event) { print_error(to_text(event) + "\n"); }

    const Clock& clock_;
    ProgressTally tally_;
    MonotonicTime next_;
};

}  // namespace

std::unique_ptr<Progress> make_progress_events(std::uint64_t planned, const Clock& clock) {
    return std::make_unique<ProgressEvents>(planned, clock);
}

}  // namespace assay
