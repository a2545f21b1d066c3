#include "tests/unit/engine/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <stdexcept>

#include "core/base/hash.hpp"

namespace assay::test {

namespace asio = boost::asio;

void Findings::add(std::string finding) {
    const std::lock_guard lock(mutex_);
    findings_.push_back(std::move(finding));
}

std::vector<std::string> Findings::all() const {
    const std::lock_guard lock(mutex_);
    return findings_;
}

std::string name_of(const UnitResult& unit) {
    return fmt::format("{}#{}:{}", unit.variant, unit.repetition,
                       unit.item.input.get<std::string>());
}

std::string describe(const UnitResult& unit, bool with_calls) {
    std::string text = fmt::format("{} {}", to_string(unit.status), to_text(unit.output));
    for (const Evaluation& evaluation : unit.evaluations) {
        text += fmt::format(" {}:", evaluation.evaluator);
        if (evaluation.status != EvaluationStatus::scored) text += to_string(evaluation.status);
        for (const Score& score : evaluation.scores) text += to_text(to_json(score.value));
    }
    if (with_calls) text += fmt::format(" calls:{} retries:{}", unit.calls, unit.retries);
    return text;
}

const char* to_string(Trouble::Kind kind) {
    switch (kind) {
        case Trouble::Kind::none: return "none";
        case Trouble::Kind::drain: return "drain";
        case Trouble::Kind::stop_at_once: return "stop_at_once";
        case Trouble::Kind::throws: return "throws";
        case Trouble::Kind::dies_at_call: return "dies_at_call";
        case Trouble::Kind::disk_full: return "disk_full";
        case Trouble::Kind::dies_at_commit: return "dies_at_commit";
        case Trouble::Kind::dies_after_commit: return "dies_after_commit";
        case Trouble::Kind::fail_fast: return "fail_fast";
        case Trouble::Kind::budget: return "budget";
        case Trouble::Kind::no_begin: return "no_begin";
    }
    return "?";
}

// ---- destiny ----------------------------------------------------------------------------------

Rng Destiny::dice(const std::string& call, int attempt, std::string_view what) const {
    const Sha256Digest digest = sha256(fmt::format("{} {} {} {}", seed_, what, attempt, call));
    std::uint64_t seed = 0;
    for (std::size_t i = 0; i < sizeof(seed); ++i) seed = (seed << 8U) | digest[i];
    return Rng(seed);
}

Fate Destiny::fate_of(const std::string& call, int attempt) const {
    double rest = dice(call, attempt, "fate").next_unit();
    const auto falls = [&](double share) { return (rest -= share) < 0; };
    if (falls(odds_.truncated)) return Fate::truncated;
    if (falls(odds_.empty)) return Fate::empty;
    if (falls(odds_.busy)) return Fate::busy;
    if (falls(odds_.limited)) return Fate::limited;
    if (falls(odds_.refused)) return Fate::refused;
    if (falls(odds_.wrong)) return Fate::wrong;
    return Fate::answered;
}

/// "A" is what is expected, on "C" an evaluator breaks.
std::string Destiny::output_of(const std::string& call) const {
    const double share = dice(call, 0, "output").next_unit();
    if (share < 0.6) return "A";
    return share < 0.9 ? "B" : "C";
}

std::chrono::microseconds Destiny::time_of(const std::string& call, int attempt) const {
    Rng rng = dice(call, attempt, "time");
    if (rng.next_unit() >= odds_.late) return std::chrono::microseconds(0);
    return std::chrono::microseconds(1 + rng.next_below(300));
}

// ---- provider ---------------------------------------------------------------------------------

/// Counts a call among those of its model that are under way.
class SimulatedProvider::Presence {
  public:
    Presence(SimulatedProvider& provider, const std::string& model)
        : count_(++provider.under_way_[model]) {
        if (count_ <= provider.rules_.ceiling) return;
        provider.findings_.add(fmt::format("{} calls of {} at a time, {} are allowed", count_,
                                           model, provider.rules_.ceiling));
    }
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;
    ~Presence() { --count_; }

  private:
    int& count_;
};

void SimulatedProvider::expect(Rules rules) {
    rules_ = std::move(rules);
    calls_ = 0;
    attempts_.clear();
    under_way_.clear();
    settled_.clear();
    begun_.clear();
    used_.clear();
}

/// The prompts are "ask INPUT", "draft INPUT" and "check INPUT DRAFT"; inputs "JOB-NUMBER".
SimulatedProvider::Name SimulatedProvider::name_of(const ProviderRequest& request) {
    const auto asked = request.messages.at(0).content.get<std::string>();
    const std::size_t start = asked.find(' ') + 1;
    const std::string input = asked.substr(start, asked.find(' ', start) - start);
    const std::string model = fmt::format("{}#{}:", request.model, request.repetition);
    return {.unit = model + input, .call = model + asked, .job = input.substr(0, input.find('-'))};
}

int SimulatedProvider::begin(const Name& name) {
    ++calls_;
    const int attempt = attempts_[name.call]++;
    if (attempt > rules_.retries) {
        findings_.add(
            fmt::format("{}: attempt {} with {} retries", name.call, attempt + 1, rules_.retries));
    }
    if (settled_.contains(name.call)) {
        findings_.add(fmt::format("{}: called again after it was settled", name.call));
    }
    if (rules_.stored.contains(name.unit)) {
        findings_.add(fmt::format("{}: called for though it is stored", name.unit));
    }
    begun_.insert(name.unit);
    return attempt;
}

void SimulatedProvider::make_trouble() {
    using Kind = Trouble::Kind;
    if (calls_ != rules_.trouble.at) return;
    const Kind kind = rules_.trouble.kind;
    if (kind == Kind::throws) throw std::runtime_error("somebody else's code broke");
    if (kind == Kind::dies_at_call) rules_.on_death();
    const bool is_stop = kind == Kind::drain || kind == Kind::stop_at_once;
    if (is_stop || kind == Kind::dies_at_call) (void)std::raise(SIGINT);
    if (kind == Kind::stop_at_once || kind == Kind::dies_at_call) (void)std::raise(SIGINT);
}

Result<ProviderReply> SimulatedProvider::answer(const Name& name, int attempt) {
    const Fate fate = destiny_.fate_of(name.call, attempt);
    Error busy{ErrorCode::unavailable, "busy", true};
    switch (fate) {
        case Fate::busy: return std::unexpected(std::move(busy));
        case Fate::limited: busy.retry_after = std::chrono::milliseconds(2); [[fallthrough]];
        case Fate::refused:
            busy.code = ErrorCode::resource_exhausted;
            return std::unexpected(std::move(busy));
        case Fate::wrong:
            settled_.insert(name.call);
            return failure(ErrorCode::invalid_argument, "this can never succeed");
        default: break;
    }
    settled_.insert(name.call);
    ProviderReply reply;
    if (fate != Fate::empty) reply.output = destiny_.output_of(name.call);
    reply.truncated = fate == Fate::truncated;
    reply.usage = {{"input", 5}, {"output", 2}, {"total", 7}};
    reply.cost = 1000;
    Spending& used = used_[name.job];
    used.tokens += 7;
    used.cost += 1000;
    return reply;
}

Task<ProviderReply> SimulatedProvider::call(ProviderRequest request, Deadline /*deadline*/) {
    const Name name = name_of(request);
    const int attempt = begin(name);
    const Presence presence(*this, request.model);
    make_trouble();
    ++used_[name.job].calls;
    const auto time = destiny_.time_of(name.call, attempt);
    if (time.count() > 0) {
        asio::steady_timer timer(co_await asio::this_coro::executor, time);
        const auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
        if (error) co_return failure(ErrorCode::cancelled, "cancelled");
    }
    co_return answer(name, attempt);
}

// ---- journal ----------------------------------------------------------------------------------

void SimulatedJournal::expect(const Trouble& trouble) {
    trouble_ = trouble;
    dead_ = false;
    is_full_ = false;
    commits_ = 0;
    opened_ = 0;
    acknowledged_ = 0;
    has_failed_ = false;
    for (auto& [id, kept] : runs_) kept.is_open = false;
}

Result<void> SimulatedJournal::open() {
    ++opened_;
    const bool refuses = trouble_.kind == Trouble::Kind::no_begin && opened_ == trouble_.at;
    if (refuses) return failure(ErrorCode::resource_exhausted, "the disk is full");
    return {};
}

Result<void> SimulatedJournal::begin(const RunRecord& run) {
    ASSAY_CHECK(open());
    const auto [kept, fresh] = runs_.emplace(run.id.value(), Kept{.run = run, .is_open = true});
    if (!fresh) return failure(ErrorCode::already_exists, "the run is there");
    return {};
}

Result<JournalState> SimulatedJournal::resume(const RunRecord& run) {
    ASSAY_CHECK(open());
    const auto found = runs_.find(run.id.value());
    if (found == runs_.end()) return failure(ErrorCode::not_found, "there is no such run");
    found->second.run = run;
    found->second.is_open = true;
    JournalState left;
    for (const auto& [key, unit] : found->second.units) {
        left.units.insert(unit.key);
        left.spent += spending_of(unit);
    }
    return left;
}

void SimulatedJournal::store(Kept& kept, std::span<const UnitResult> units) {
    for (const UnitResult& unit : units) {
        const bool is_new = kept.units.emplace(unit.key.value(), unit).second;
        if (!is_new) findings_.add(fmt::format("{}: stored twice", name_of(unit)));
    }
}

Result<void> SimulatedJournal::commit(const RunId& run, std::span<const UnitResult> units,
                                      Durability /*durability*/) {
    using Kind = Trouble::Kind;
    const auto found = runs_.find(run.value());
    if (found == runs_.end() || !found->second.is_open) {
        findings_.add(fmt::format("a commit to the run {}, which is not open", run.value()));
        return failure(ErrorCode::internal, "the run is not open");
    }
    if (has_failed_) findings_.add("a commit after one that failed");
    // A disk is slower at some times than at others.
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::microseconds(rng_.next_below(200));
    while (std::chrono::steady_clock::now() < end) {
    }
    ++commits_;
    const bool breaks = commits_ == trouble_.at && !is_full_ && !dead_;
    const Kind kind = breaks ? trouble_.kind : Kind::none;
    if (kind == Kind::dies_after_commit) store(found->second, units);
    const bool ends =
        kind == Kind::dies_after_commit || kind == Kind::dies_at_commit || kind == Kind::disk_full;
    if (ends) {
        is_full_ = kind == Kind::disk_full;
        dead_ = !is_full_;
    }
    has_failed_ = is_full_ || dead_;
    if (is_full_) return failure(ErrorCode::resource_exhausted, "the disk is full");
    if (dead_) return failure(ErrorCode::unavailable, "the process is gone");
    store(found->second, units);
    acknowledged_ += units.size();
    return {};
}

Result<void> SimulatedJournal::finish(const RunRecord& run) {
    if (dead_) return failure(ErrorCode::unavailable, "the process is gone");
    const auto found = runs_.find(run.id.value());
    if (found == runs_.end() || !found->second.is_open) {
        findings_.add(fmt::format("the end of the run {}, which is not open", run.id.value()));
        return failure(ErrorCode::internal, "the run is not open");
    }
    found->second.run = run;
    found->second.is_open = false;
    return {};
}

const SimulatedJournal::Kept* SimulatedJournal::find(const RunId& run) const {
    const auto found = runs_.find(run.value());
    return found == runs_.end() ? nullptr : &found->second;
}

}  // namespace assay::test
