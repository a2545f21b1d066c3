#include "evaluators/personal_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "core/base/text.hpp"

namespace assay {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) { return is_upper(c) || (c >= 'a' && c <= 'z'); }
bool is_alphanumeric(char c) { return is_digit(c) || is_letter(c); }

constexpr auto k_none = std::string_view::npos;

// --- Mail addresses ------------------------------------------------------------------------------

constexpr std::size_t k_local_bytes_max = 64;    // RFC 5321, 4.5.3.1
constexpr std::size_t k_domain_bytes_max = 253;  // RFC 1035, 2.3.4 as text

bool is_local(char c) { return is_alphanumeric(c) || std::string_view("._%+-").find(c) != k_none; }
bool is_domain(char c) { return is_alphanumeric(c) || c == '.' || c == '-'; }

bool is_sound_domain(std::string_view domain) {
    const std::size_t dot = domain.rfind('.');
    if (dot == k_none || domain.size() > k_domain_bytes_max) return false;
    const std::string_view last = domain.substr(dot + 1);
    if (last.size() < 2 || !std::ranges::all_of(last, is_letter)) return false;
    const auto labels = split(domain, '.');
    return std::ranges::all_of(labels, [](std::string_view label) {
        return !label.empty() && label.front() != '-' && label.back() != '-';
    });
}

/// The address around the @ at `at`, which reaches back no further than `from`.
std::string_view email_at(std::string_view text, std::size_t at, std::size_t from) {
    std::size_t begin = at;
    while (begin > from && at - begin <= k_local_bytes_max && is_local(text[begin - 1])) --begin;
    while (begin < at && text[begin] == '.') ++begin;
    std::size_t end = at + 1;
    while (end < text.size() && end - at <= k_domain_bytes_max + 1 && is_domain(text[end])) ++end;
    while (end > at + 1 && !is_alphanumeric(text[end - 1])) --end;  // the end of a sentence
    const std::string_view domain = text.substr(at + 1, end - at - 1);
    const bool sound = at > begin && at - begin <= k_local_bytes_max && text[at - 1] != '.';
    return sound && is_sound_domain(domain) ? text.substr(begin, end - begin) : std::string_view();
}

// --- Bank accounts -------------------------------------------------------------------------------

/// Length of an IBAN by country: SWIFT's IBAN registry.
constexpr std::pair<std::string_view, std::size_t> k_iban_lengths[] = {
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22},
    {"BH", 22}, {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24},
    {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18},
    {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27},
    {"GT", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26}, {"IT", 27},
    {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20},
    {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MN", 20}, {"MR", 27},
    {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23}, {"PK", 24}, {"PL", 28},
    {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24}, {"SC", 31},
    {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25}, {"SV", 28},
    {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}};

/// The number with its first four characters at the end and letters as 10 to 35 leaves 1.
bool has_iban_check(std::string_view iban) {
    unsigned rest = 0;
    for (std::size_t i = 0; i < iban.size(); ++i) {
        const char c = iban[(i + 4) % iban.size()];
        const auto value = static_cast<unsigned>(is_digit(c) ? c - '0' : c - 'A' + 10);
        rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
    }
    return rest == 1;
}

/// The account that begins at `begin`; groups may be parted by single spaces.
std::string_view iban_at(std::string_view text, std::size_t begin) {
    const std::string_view head = text.substr(begin, 4);
    if (head.size() < 4 || !is_digit(head[2]) || !is_digit(head[3])) return {};
    const auto country = std::ranges::find(k_iban_lengths, text.substr(begin, 2),
                                           &std::pair<std::string_view, std::size_t>::first);
    if (country == std::end(k_iban_lengths)) return {};
    std::string compact;
    std::size_t end = begin;
    while (end < text.size() && compact.size() < country->second) {
        const char c = text[end];
        const bool space = c == ' ' && end > begin && text[end - 1] != ' ';
        if (!is_digit(c) && !is_upper(c) && !space) return {};
        if (!space) compact.push_back(c);
        ++end;
    }
    const bool whole =
        compact.size() == country->second && (end == text.size() || !is_alphanumeric(text[end]));
    return whole && has_iban_check(compact) ? text.substr(begin, end - begin) : std::string_view();
}

// --- Digits: cards and telephones ----------------------------------------------------------------

/// Groups of digits and what stands between them, beginning with a digit, + or (.
struct DigitRun {
    std::string_view text;
    std::string digits;
    std::vector<std::string_view> groups;
    std::vector<std::string_view> gaps;  ///< one less than groups

    [[nodiscard]] bool has_plus() const { return text.starts_with('+'); }
    [[nodiscard]] bool has_parentheses() const { return text.find_first_of("()") != k_none; }
    [[nodiscard]] bool has_gap_of(char c) const {
        return std::ranges::any_of(gaps,
                                   [c](std::string_view gap) { return gap.find(c) != k_none; });
    }

    /// Returns the gap before it.
    std::string_view drop_last_group() {
        const std::string_view gap = gaps.back();
        digits.resize(digits.size() - groups.back().size());
        text = text.substr(0, static_cast<std::size_t>(gap.data() - text.data()));
        groups.pop_back();
        gaps.pop_back();
        return gap;
    }
};

constexpr std::size_t k_run_bytes_max = 40;
constexpr std::size_t k_gap_bytes_max = 2;

/// The longest run that begins at `begin`.
DigitRun run_at(std::string_view text, std::size_t begin) {
    text = text.substr(begin, k_run_bytes_max);
    DigitRun run;
    const auto skip = [&text](std::size_t from, auto is_kind) {
        while (from < text.size() && is_kind(text[from])) ++from;
        return from;
    };
    const auto is_separator = [](char c) { return std::string_view(" -./()").find(c) != k_none; };
    std::size_t gap = 0;  // where the gap before the next group begins
    std::size_t group = text.front() == '+' ? 1 : skip(0, is_separator);
    while (group - gap <= k_gap_bytes_max && group < text.size() && is_digit(text[group])) {
        const std::size_t end = skip(group, is_digit);
        if (!run.groups.empty()) run.gaps.push_back(text.substr(gap, group - gap));
        run.groups.push_back(text.substr(group, end - group));
        run.digits += run.groups.back();
        run.text = text.substr(0, end);
        gap = end;
        group = skip(end, is_separator);
    }
    return run;
}

bool has_luhn_check(std::string_view digits) {
    unsigned sum = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        auto value = static_cast<unsigned>(digits[digits.size() - 1 - i] - '0');
        if (i % 2 == 1) value = value * 2 > 9 ? value * 2 - 9 : value * 2;
        sum += value;
    }
    return sum % 10 == 0;
}

unsigned leading(std::string_view digits, std::size_t count) {
    unsigned value = 0;
    for (const char c : digits.substr(0, count))
        value = value * 10 + static_cast<unsigned>(c - '0');
    return value;
}

/// The networks' numbers by what they begin with (ISO/IEC 7812 issuer identification).
bool begins_like_card(std::string_view digits) {
    const std::size_t size = digits.size();
    const unsigned two = leading(digits, 2);
    const unsigned four = leading(digits, 4);
    if (two / 10 == 4) return size == 13 || size == 16 || size == 19;  // Visa
    if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720))
        return size == 16;                          // Mastercard
    if (two == 34 || two == 37) return size == 15;  // Amex
    if (two == 36 || two == 38 || two == 39 || (four >= 3000 && four <= 3059)) {
        return size == 14;  // Diners
    }
    if (four >= 3528 && four <= 3589) return size >= 16;                                 // JCB
    if (two == 65 || four == 6011 || (four >= 6440 && four <= 6499)) return size >= 16;  // Discover
    return two == 62 && size >= 16;                                                      // UnionPay
}

bool is_card(const DigitRun& run) {
    const std::size_t size = run.digits.size();
    if (run.has_plus() || run.has_parentheses() || size < 13 || size > 19) return false;
    if (!begins_like_card(run.digits) || !has_luhn_check(run.digits)) return false;
    const auto& groups = run.groups;
    if (groups.size() == 1) return true;
    const std::string_view gap = run.gaps.front();
    const auto same = static_cast<std::size_t>(std::ranges::count(run.gaps, gap));
    if ((gap != " " && gap != "-") || same < run.gaps.size()) return false;
    if (size < 16) return groups.size() == 3 && groups[0].size() == 4;  // 4-6-5, 4-6-4
    return std::ranges::all_of(groups.begin(), groups.end() - 1,
                               [](std::string_view group) { return group.size() == 4; });
}

bool is_date(const DigitRun& run) {
    const auto& groups = run.groups;
    if (groups.size() < 3 || run.gaps[0] == " " || run.gaps[0] != run.gaps[1]) return false;
    const auto is_short = [&](std::size_t i) { return groups[i].size() <= 2; };
    const bool day_first = is_short(0) && is_short(1) && groups[2].size() == 4;
    const bool year_first = groups[0].size() == 4 && is_short(1) && is_short(2);
    return day_first || year_first;
}

/// (212) 555-0123, 212-555-0123, 1-212-555-0123.
bool is_north_american(const DigitRun& run) {
    std::span<const std::string_view> groups = run.groups;
    if (groups.size() == 4 && groups[0] == "1") groups = groups.subspan(1);
    if (groups.size() != 3) return false;
    const auto is_code = [](std::string_view group) {
        return group.size() == 3 && group.front() >= '2';
    };
    return is_code(groups[0]) && is_code(groups[1]) && groups[2].size() == 4;
}

/// 030 1234567, 01 23 45 67 89, 0171/123 45 67. Points part numbers too, unless all are pairs.
bool is_national(const DigitRun& run) {
    const std::size_t size = run.digits.size();
    const auto& groups = run.groups;
    if (!run.digits.starts_with('0') || run.digits.starts_with("00")) return false;
    if (size < 9 || size > 12 || groups.size() < 2) return false;
    if (groups[0].size() < 2 || groups[0].size() > 5) return false;
    const bool pairs = std::ranges::all_of(groups, [](auto group) { return group.size() == 2; });
    return !run.has_gap_of('.') || (pairs && size == 10);
}

bool is_phone(const DigitRun& run) {
    const std::size_t size = run.digits.size();
    if (run.has_plus()) return size >= 8 && size <= 15 && run.digits.front() != '0';
    return !is_date(run) && (is_north_american(run) || is_national(run));
}

// --- One pass over the text ----------------------------------------------------------------------

class Finding {
  public:
    Finding(std::string_view text, std::span<const PersonalDataKind> kinds, std::size_t count_max)
        : text_(text), kinds_(kinds), count_max_(count_max) {}

    std::vector<PersonalData> run() {
        while (at_ < text_.size() && found_.size() < count_max_) {
            const std::size_t end = end_of_match();
            at_ = end == k_none ? at_ + 1 : end;
        }
        return std::move(found_);
    }

  private:
    /// Behind what is found or skipped at `at_`.
    std::size_t end_of_match() {
        const char c = text_[at_];
        if (c == '@') return add(PersonalDataKind::email, email_at(text_, at_, behind_last_));
        if (continues_word()) return k_none;
        if (is_upper(c)) return add(PersonalDataKind::iban, iban_at(text_, at_));
        if (is_digit(c) || c == '+' || c == '(') return end_of_digits();
        return k_none;
    }

    std::size_t add(PersonalDataKind kind, std::string_view text) {
        if (text.empty()) return k_none;
        if (std::ranges::find(kinds_, kind) != kinds_.end()) found_.push_back({kind, text});
        behind_last_ = static_cast<std::size_t>(text.data() - text_.data()) + text.size();
        return behind_last_;
    }

    std::size_t end_of_digits() {
        DigitRun run = run_at(text_, at_);
        const std::size_t end = at_ + run.text.size();
        if (run.groups.empty() || is_inside_word(end)) return k_none;
        if (is_card(run)) return add(PersonalDataKind::card, run.text);
        if (is_phone(run)) return add(PersonalDataKind::phone, run.text);
        // Other digits may follow: 4111 1111 1111 1111 12/27, 212-555-0123 (24 hours).
        while (run.groups.size() > 1) {
            const std::string_view gap = run.drop_last_group();
            if (gap.find_first_of(" (") == k_none) continue;
            if (is_card(run)) return add(PersonalDataKind::card, run.text);
            const bool parts = run.gaps.empty() || run.gaps.back() != gap;
            if (parts && is_phone(run)) return add(PersonalDataKind::phone, run.text);
        }
        // What is part of a longer number is none of its own.
        return text_[at_] == '(' ? k_none : end;
    }

    [[nodiscard]] bool is_inside_word(std::size_t end) const {
        if (end == text_.size()) return false;
        return is_alphanumeric(text_[end]) || text_[end] == '_' || text_[end] == '@';
    }

    /// Whether a word or path goes on at `at_`: x1, order-1, /2024/1.
    [[nodiscard]] bool continues_word() const {
        if (at_ == 0) return false;
        const auto is_word = [](char c) { return is_alphanumeric(c) || c == '_'; };
        const char before = text_[at_ - 1];
        const bool joined = std::string_view("-./").find(before) != k_none && at_ > 1;
        return is_word(before) || (joined && is_word(text_[at_ - 2]));
    }

    std::string_view text_;
    std::span<const PersonalDataKind> kinds_;
    std::size_t count_max_;
    std::size_t at_ = 0;
    std::size_t behind_last_ = 0;
    std::vector<PersonalData> found_;
};

}  // namespace

const char* to_string(PersonalDataKind kind) {
    switch (kind) {
        case PersonalDataKind::email: return "email";
        case PersonalDataKind::phone: return "phone";
        case PersonalDataKind::iban: return "iban";
        case PersonalDataKind::card: return "card";
    }
    std::unreachable();
}

std::vector<PersonalData> find_personal_data(std::string_view text,
                                             std::span<const PersonalDataKind> kinds,
                                             std::size_t count_max) {
    return Finding(text, kinds, count_max).run();
}

std::string masked(const PersonalData& data) {
    if (data.kind != PersonalDataKind::email) {
        constexpr std::size_t k_shown = 4;
        return fmt::format("…{}", data.text.substr(data.text.size() - k_shown));
    }
    const std::size_t at = data.text.find('@');
    return fmt::format("{}…@{}…{}", data.text.front(), data.text[at + 1],
                       data.text.substr(data.text.rfind('.')));
}

}  // namespace assay
