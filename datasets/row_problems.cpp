#include "datasets/row_problems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <climits>

#include "core/base/limits.hpp"

namespace assay {
namespace {

constexpr std::uint64_t k_repeats_shown = 3;

int to_int(std::uint64_t number) {
    return static_cast<int>(std::min<std::uint64_t>(number, INT_MAX));
}

}  // namespace

Place RowProblems::place(const At& at) const { return {file_, to_int(at.line), to_int(at.column)}; }

void RowProblems::add(const At& at, std::string message) {
    // Room for this one, for the count of its kind and for the count of all that does not fit.
    const bool room = shown_.size() + kinds_.size() + 3 <= limits::k_diagnostics_max;
    if (!room && !kinds_.contains(message)) return add_hidden(at.line, 1);
    Kind& kind = kinds_[message];
    if (room && kind.shown < k_repeats_shown) {
        ++kind.shown;
        shown_.push_back({place(at), std::move(message)});
        return;
    }
    if (kind.hidden++ == 0) kind.first_hidden_line = at.line;
}

void RowProblems::add_hidden(std::uint64_t line, std::uint64_t count) {
    Kind& rest = kinds_[""];
    if (rest.hidden == 0) rest.first_hidden_line = line;
    rest.hidden += count;
}

Diagnostics RowProblems::take() && {
    for (const auto& [message, kind] : kinds_) {
        if (kind.hidden == 0) continue;
        const Place at = place({kind.first_hidden_line});
        if (message.empty()) {
            shown_.push_back({at, fmt::format("... and {} more", kind.hidden)});
        } else if (kind.hidden == 1) {
            shown_.push_back({at, message});
        } else {
            shown_.push_back(
                {at, fmt::format("{} (and so in {} more rows)", message, kind.hidden - 1)});
        }
    }
    return std::move(shown_);
}

}  // namespace assay
