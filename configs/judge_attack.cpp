#include "configs/judge_attack.hpp"

#include <fmt/format.h>

#include <iterator>
#include <set>

#include "configs/located_document.hpp"
#include "configs/schemas.hpp"
#include "configs/spec_reader.hpp"

namespace assay {
namespace {

constexpr std::string_view k_guessed_delimiter = "0123456789abcdef";

JudgeAttack read_attack(const SpecReader& entry, std::set<std::string>& ids) {
    JudgeAttack attack;
    if (!entry.expect_map({.names = {"id", "family", "text"}, .later = {}})) return attack;
    for (const auto& [key, field] :
         {std::pair("id", &JudgeAttack::id), std::pair("family", &JudgeAttack::family),
          std::pair("text", &JudgeAttack::text)}) {
        if (entry.require(key)) read_text(entry, key, attack.*field);
    }
    if (!attack.id.empty() && !ids.insert(attack.id).second) {
        entry.mistake(fmt::format("two attacks have the id \"{}\"; ids must differ", attack.id));
    }
    return attack;
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
    for (std::size_t at = text.find(what); at != std::string::npos;) {
        text.replace(at, what.size(), by);
        at = text.find(what, at + by.size());
    }
}

}  // namespace

std::string render_attack(const JudgeAttack& attack, std::string_view wanted) {
    std::string text = attack.text;
    replace_all(text, "{best}", wanted);
    replace_all(text, "{delimiter}", k_guessed_delimiter);
    return text;
}

std::vector<JudgeAttack> read_judge_attacks(std::string_view text, std::string_view file,
                                            Diagnostics& diagnostics) {
    const LocatedDocument document = parse_located(text, file);
    Diagnostics found = document.diagnostics;
    std::vector<JudgeAttack> attacks;
    if (found.empty()) {
        const SpecReader reader(document.value, {}, {&document.places, &found});
        const bool is_map = reader.expect_map({.names = {"attacks"}, .later = {}});
        const auto list = is_map ? reader.require("attacks") : std::nullopt;
        std::set<std::string> ids;
        if (list && list->expect_list()) {
            for (const SpecReader& entry : list->items()) {
                attacks.push_back(read_attack(entry, ids));
            }
            if (attacks.empty()) list->mistake("`attacks` is empty");
        }
    }
    std::ranges::move(found, std::back_inserter(diagnostics));
    return attacks;
}

const std::vector<JudgeAttack>& shipped_judge_attacks() {
    static const std::vector<JudgeAttack> k_attacks = [] {
        Diagnostics diagnostics;
        auto attacks = read_judge_attacks(k_judge_attacks_yaml, "judge_attacks.yaml", diagnostics);
        ASSAY_ASSERT(diagnostics.empty(), "the shipped attacks are sound");
        return attacks;
    }();
    return k_attacks;
}

}  // namespace assay
