#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

enum class PersonalDataKind : std::uint8_t { email, phone, iban, card };

inline constexpr PersonalDataKind k_personal_data_kinds[] = {
    PersonalDataKind::email, PersonalDataKind::phone, PersonalDataKind::iban,
    PersonalDataKind::card};

[[nodiscard]] const char* to_string(PersonalDataKind kind);  ///< "email", "phone", ...

struct PersonalData {
    PersonalDataKind kind = PersonalDataKind::email;
    std::string_view text;  ///< as it stands in the searched text
};

/// What looks like personal data, in linear time and without a model:
///
/// - email: a name, @ and a domain with a dot and a last part of letters;
/// - phone: + and 8 to 15 digits (ITU-T E.164); the North American form with separators, such as
///   (212) 555-0123; a number with a leading 0 of 9 to 12 digits in two or more groups. Digits
///   without any of these marks are no number of a telephone, and neither are dates;
/// - iban: a country of the SWIFT registry, its length, and the check digits (ISO 13616, modulo
/// 97);
/// - card: 13 to 19 digits that begin like a known network's, in its groups or without any, with
///   the right check digit (ISO/IEC 7812, Luhn).
///
/// Only what is of one of the kinds, in the order of the text and at most `count_max` of them.
[[nodiscard]] std::vector<PersonalData> find_personal_data(std::string_view text,
                                                           std::span<const PersonalDataKind> kinds,
                                                           std::size_t count_max);

/// Enough to find it again and not more: `a…@e….com`, `…0123`.
[[nodiscard]] std::string masked(const PersonalData& data);

}  // namespace assay
