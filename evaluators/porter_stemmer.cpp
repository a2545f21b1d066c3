#include "evaluators/porter_stemmer.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

namespace assay {
namespace {

using Words = std::pair<std::string_view, std::string_view>;

constexpr auto k_irregular = std::to_array<Words>({{"skies", "sky"},
                                                   {"sky", "sky"},
                                                   {"dying", "die"},
                                                   {"lying", "lie"},
                                                   {"tying", "tie"},
                                                   {"news", "news"},
                                                   {"innings", "inning"},
                                                   {"inning", "inning"},
                                                   {"outings", "outing"},
                                                   {"outing", "outing"},
                                                   {"cannings", "canning"},
                                                   {"canning", "canning"},
                                                   {"howe", "howe"},
                                                   {"proceed", "proceed"},
                                                   {"exceed", "exceed"},
                                                   {"succeed", "succeed"}});

/// Which letters are vowels: a, e, i, o, u, and a y behind a consonant.
std::vector<bool> vowels_of(std::string_view word) {
    std::vector<bool> vowels;
    vowels.reserve(word.size());
    for (const char c : word) {
        const bool y_as_vowel = c == 'y' && !vowels.empty() && !vowels.back();
        vowels.push_back(y_as_vowel || std::string_view("aeiou").contains(c));
    }
    return vowels;
}

bool has_vowel(std::string_view word) {
    const std::vector<bool> vowels = vowels_of(word);
    return std::ranges::find(vowels, true) != vowels.end();
}

/// m: how often vowels are followed by consonants.
std::size_t measure(std::string_view word) {
    std::size_t changes = 0;
    bool behind_vowel = false;
    for (const bool vowel : vowels_of(word)) {
        if (behind_vowel && !vowel) ++changes;
        behind_vowel = vowel;
    }
    return changes;
}

/// *d: ends in two equal consonants.
bool ends_in_double_consonant(std::string_view word) {
    const std::size_t size = word.size();
    return size >= 2 && word[size - 1] == word[size - 2] && !vowels_of(word).back();
}

/// *o: ends consonant, vowel, consonant, the last not w, x or y; or is just vowel, consonant.
bool ends_short(std::string_view word) {
    const std::size_t size = word.size();
    if (size < 2) return false;
    const std::vector<bool> vowels = vowels_of(word);
    if (!vowels[size - 2] || vowels[size - 1]) return false;
    return size == 2 || (!vowels[size - 3] && !std::string_view("wxy").contains(word.back()));
}

struct Rule {
    std::string_view suffix;
    std::string_view by;
};

/// The first rule whose suffix is there decides, also when the rest is too short for it.
void replace_suffix(std::string& word, std::span<const Rule> rules, std::size_t measure_min) {
    for (const Rule& rule : rules) {
        if (!word.ends_with(rule.suffix)) continue;
        const auto stem = std::string_view(word).substr(0, word.size() - rule.suffix.size());
        if (measure(stem) >= measure_min) word.replace(stem.size(), std::string::npos, rule.by);
        return;
    }
}

/// Plurals.
void step_1a(std::string& word) {
    static constexpr auto k_rules =
        std::to_array<Rule>({{"sses", "ss"}, {"ies", "i"}, {"ss", "ss"}, {"s", ""}});
    if (word.size() == 4 && word.ends_with("ies")) {
        word.pop_back();
        return;
    }
    replace_suffix(word, k_rules, 0);
}

/// What -ed and -ing leave: "hopp" is "hop", "fil" is "file".
void mend_stem(std::string& word) {
    const bool lost_e = word.ends_with("at") || word.ends_with("bl") || word.ends_with("iz");
    if (!lost_e && ends_in_double_consonant(word)) {
        if (!std::string_view("lsz").contains(word.back())) word.pop_back();
        return;
    }
    if (lost_e || (measure(word) == 1 && ends_short(word))) word += 'e';
}

/// -eed, -ed and -ing.
void step_1b(std::string& word) {
    static constexpr auto k_agreed = std::to_array<Rule>({{"eed", "ee"}});
    if (word.ends_with("ied")) {
        word.resize(word.size() - (word.size() == 4 ? 1 : 2));
        return;
    }
    if (word.ends_with("eed")) {
        replace_suffix(word, k_agreed, 1);
        return;
    }
    for (const std::string_view suffix : {"ed", "ing"}) {
        if (!word.ends_with(suffix)) continue;
        const std::size_t rest = word.size() - suffix.size();
        if (!has_vowel(std::string_view(word).substr(0, rest))) return;
        word.resize(rest);
        mend_stem(word);
        return;
    }
}

/// "happy" is "happi", but "enjoy" and "by" stay.
void step_1c(std::string& word) {
    const std::size_t size = word.size();
    if (size > 2 && word.ends_with('y') && !vowels_of(word)[size - 2]) word.back() = 'i';
}

/// Two suffixes become one.
void step_2(std::string& word) {
    static constexpr auto k_alli = std::to_array<Rule>({{"alli", "al"}});
    static constexpr auto k_rules = std::to_array<Rule>(
        {{"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"},   {"anci", "ance"},
         {"izer", "ize"},    {"bli", "ble"},     {"entli", "ent"},   {"eli", "e"},
         {"ousli", "ous"},   {"ization", "ize"}, {"ation", "ate"},   {"ator", "ate"},
         {"alism", "al"},    {"iveness", "ive"}, {"fulness", "ful"}, {"ousness", "ous"},
         {"aliti", "al"},    {"iviti", "ive"},   {"biliti", "ble"},  {"fulli", "ful"}});
    replace_suffix(word, k_alli, 1);
    // The l of -logi counts as part of the stem: "geologi" as well as "archaeologi".
    if (word.ends_with("logi")) {
        const auto stem = std::string_view(word).substr(0, word.size() - 3);
        if (measure(stem) > 0) word.pop_back();
        return;
    }
    replace_suffix(word, k_rules, 1);
}

void step_3(std::string& word) {
    static constexpr auto k_rules = std::to_array<Rule>({{"icate", "ic"},
                                                         {"ative", ""},
                                                         {"alize", "al"},
                                                         {"iciti", "ic"},
                                                         {"ical", "ic"},
                                                         {"ful", ""},
                                                         {"ness", ""}});
    replace_suffix(word, k_rules, 1);
}

/// The last suffix goes.
void step_4(std::string& word) {
    static constexpr auto k_rules = std::to_array<Rule>({{"al", ""},
                                                         {"ance", ""},
                                                         {"ence", ""},
                                                         {"er", ""},
                                                         {"ic", ""},
                                                         {"able", ""},
                                                         {"ible", ""},
                                                         {"ant", ""},
                                                         {"ement", ""},
                                                         {"ment", ""},
                                                         {"ent", ""},
                                                         {"ou", ""},
                                                         {"ism", ""},
                                                         {"ate", ""},
                                                         {"iti", ""},
                                                         {"ous", ""},
                                                         {"ive", ""},
                                                         {"ize", ""}});
    if (word.ends_with("sion") || word.ends_with("tion")) {
        const auto stem = std::string_view(word).substr(0, word.size() - 3);
        if (measure(stem) > 1) word.resize(stem.size());
        return;
    }
    replace_suffix(word, k_rules, 2);
}

void step_5(std::string& word) {
    if (word.ends_with('e')) {
        const auto stem = std::string_view(word).substr(0, word.size() - 1);
        const std::size_t length = measure(stem);
        if (length > 1 || (length == 1 && !ends_short(stem))) word.pop_back();
    }
    if (word.ends_with("ll") && measure(std::string_view(word).substr(0, word.size() - 1)) > 1) {
        word.pop_back();
    }
}

}  // namespace

std::string porter_stem(std::string_view word) {
    const auto irregular = std::ranges::find(k_irregular, word, &Words::first);
    if (irregular != k_irregular.end()) return std::string(irregular->second);
    std::string stem(word);
    const bool ascii = std::ranges::all_of(word, [](char c) { return c >= 0; });
    if (word.size() <= 2 || !ascii) return stem;
    step_1a(stem);
    step_1b(stem);
    step_1c(stem);
    step_2(stem);
    step_3(stem);
    step_4(stem);
    step_5(stem);
    return stem;
}

}  // namespace assay
