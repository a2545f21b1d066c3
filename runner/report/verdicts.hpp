#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "runner/report/report.hpp"

namespace assay {

// How people and tools are told what gates decided: the same words in every format.

/// How much a verdict asks for attention: what it does to the exit code.
enum class Severity : std::uint8_t {
    none,     ///< the gate holds
    note,     ///< it does not, and that changes nothing: advisory, warn
    warning,  ///< it cannot be decided: exit code 3
    error,    ///< it fails: exit code 1
};
[[nodiscard]] Severity severity_of(const GateVerdict& verdict);

/// "PASS", "FAIL", "CANNOT TELL".
[[nodiscard]] const char* word_of(GateStatus status);
/// Why the verdict counts as something else than it says: "advisory: changes nothing"; or "".
[[nodiscard]] std::string effect_note(const GateVerdict& verdict);
/// The slice as people read it: "lang = de"; "" when the verdict is over all items.
[[nodiscard]] std::string slice_text(const GateVerdict& verdict);
/// What the verdict is about: "short, lang = de". The variant is left out when the report has no
/// other.
[[nodiscard]] std::string scope_of(const GateVerdict& verdict, const Report& report);

/// The verdicts of one gate: they follow each other, one a variant and slice.
using Verdicts = std::span<const GateVerdict>;
[[nodiscard]] std::vector<Verdicts> by_gate(const std::vector<GateVerdict>& verdicts);
/// The gravest of a gate's verdicts.
[[nodiscard]] Severity severity_of(const Verdicts& verdicts);

/// "PASSED", "CANNOT TELL", ...: the run in a word or two.
[[nodiscard]] std::string verdict_word(const Report& report);
/// "2 of 5 gates failed": why, as a clause without a full stop.
[[nodiscard]] std::string verdict_text(const Report& report);

}  // namespace assay
