#include "evaluators/language_guess.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"

namespace assay {
namespace {

/// A language in Latin script: its most frequent words, and parts of words (one to three letters)
/// that few others have.
struct LatinLanguage {
    std::string_view code;
    std::string_view words;
    std::string_view parts;
};

constexpr LatinLanguage k_latin[] = {
    {"cs",
     "a je se na v že to s z do o i ve jsem jako za si tak ale po jsou byl co který "
     "která které by pro od být jeho jen není ze nebo když už však také až při jsme bylo "
     "mi před vaše váš byla brzy včera prosím tedy kde tady jí jej máme můžete bych",
     "ě ř ů ď ť ň č š ž ý á í é ou"},
    {"da",
     "og i det at er en på til af de den med for ikke der som jeg har et vi han var men "
     "om sig kan hun nu fra du ud skal blev efter også hvad hvor meget eller noget nogle "
     "mig din dig min tre går god inden bliver være deres ingen alle andre hvordan "
     "venligst her år",
     "æ ø å ej hv gt øj"},
    {"de",
     "der die und in das ist nicht zu den es ich sie ein mit sich des auf dem für eine "
     "von im auch als an er wir war wie bei so aus nach noch werden wird oder hat einen "
     "einer aber über nur sind kann bitte diese dieser uns ihr ihre ihren seit vor wenn "
     "dann sehr mehr kein keine was wo wurde waren zum zur ja doch",
     "ä ö ü ß sch ich ein ung cht ei"},
    {"en",
     "the of and to a in is that it for was on are as with be at by this have from or an "
     "not but which you your we they his her their can will would there been has if what "
     "when who how please i me my our so should before do did know about more had she "
     "him them then than some any up out going",
     "th wh ing ght sh ould"},
    {"es",
     "de la que el en y a los se del las un por con no una su para es al lo como más "
     "pero sus le ya o este sí porque esta entre cuando muy sin sobre también hasta hay "
     "donde están nos son fue yo mi ese eso todo todos tiene antes hoy puede desde ni "
     "tan bien ella él han he era ser años así favor",
     "ñ ¿ ¡ á é í ó ú ció ll rr ue"},
    {"fi",
     "ja on ei se että hän oli en mutta ovat kuin niin tämä myös joka mitä kun hänen "
     "minä olen tai sitten jos vain nyt sen siitä kanssa mukaan jälkeen olisi voi ole "
     "sinä te me meidän teidän hyvä ennen hänellä kolme ollut onko joten kiitos "
     "eilen pian",
     "ää aa ii kk uu yy ä ö lla ssa"},
    {"fr",
     "de la le et les des en un du une que est pour qui dans par sur pas plus au ne ce "
     "il avec se sont son mais comme ou si leur y être nous vous je elle cette aux ses "
     "ont été très c'est d'un qu'il n'est votre notre avant donc depuis tout tous fait "
     "bien aussi sans deux même ici merci",
     "é è ê à ç ù œ î ô û oi eau ou eux ais"},
    {"hu",
     "a az és hogy nem is egy ez meg van volt de csak már ha azt kell mint még vagy ezt "
     "lesz igen el fel ki be amely ami után között szerint minden nagyon lehet én te mi "
     "három most volna kérem hogyan ott itt",
     "ő ű á é í ó ú ö ü sz gy ny cs zs"},
    {"id",
     "yang dan di dengan untuk tidak dari ini itu dalam pada adalah akan ke juga saya "
     "ada bisa mereka kami kita karena oleh atau sudah telah sebagai dapat anda lebih "
     "seperti hanya jadi harus dia sebelum selama segera kepada apa tahu jangan",
     "ng kan nya ber men ang"},
    {"it",
     "di che e la il un a è per in una mi sono non ho con si lo ma ti ha le da come io "
     "questo questa bene sei se gli del della nel al più anche dei delle alla i suo dove "
     "molto era quindi adesso allo tutti ora dopo prima fare può cosa perché quando qui "
     "così hai hanno sua dobbiamo",
     "è ò ì à ù gli zz che ion cch ia"},
    {"nl",
     "de het een en van ik te dat die in je niet is zijn op aan met voor er maar om hem "
     "dan zou of wat mijn men dit zo door over ze uit ook bij nog naar heeft worden "
     "wordt deze als kan geen u wij nu dus moet moeten hij haar waar hun jij uw daar we "
     "zij",
     "ij aa ee oo uu cht oe ui"},
    {"no",
     "og i det er på til en av som for å at med han de ikke der så var meg seg men ett "
     "har om vi min mitt ha hadde hun nå over da ved fra du ut sin dem oss opp man kan "
     "hans hvor eller hva skal selv her alle vil bli ble blitt kunne noe noen vet vær "
     "dette hvordan være din går deres ingen bare andre vært år",
     "æ ø å ei kk hv skj øy gj"},
    {"pl",
     "w i na z się do nie to że jest o jak ale po co tak za od być dla przez przy są był "
     "była już tylko czy ich jego też może oraz który która które tego ten ta mnie ja "
     "bardzo gdy nad tym pod on ona my wy lub także tej został została zostało twój "
     "twoje wczoraj gdzie kiedy pan proszę",
     "ą ę ł ń ś ź ż ć ó sz cz rz dz"},
    {"pt",
     "de a o que e do da em um para é com não uma os no se na por mais as dos como mas "
     "foi ao ele das tem à seu sua ou ser quando muito nos já está eu também só pelo "
     "pela até isso você são ela antes anos três esse isto depois agora então nesse "
     "neste essa pode bem aqui sim ter por favor obrigado ontem",
     "ã õ ç á é ê â ú çã lh nh ão"},
    {"ro",
     "și în de la a nu pe cu este un o care să că din mai pentru sunt ca au fost ce el "
     "ea sau dar fi am ai are lui lor după foarte această acest prin până când mi vă noi "
     "trebuie dacă sa era cum unde",
     "ă â î ș ț ş ţ ul ea"},
    {"sv",
     "och i att det som en på är av för med till den har de inte om ett han men var jag "
     "sig från vi så kan när år hon under också efter eller nu sin där vid mot ska "
     "skulle kommer ut får finns vara hade alla mycket mig din dig vet tre går denna "
     "detta bara andra ingen varit vad oss",
     "å ä ö ck sj tt"},
    {"tr",
     "ve bir bu için de da ile çok ne o gibi daha ama ben sen var mi mı değil kadar "
     "olarak olan ki en sonra her ya şey biz siz onun benim olduğu olur ise şu hem veya "
     "nasıl önce bana sana onu bunu neden yok lütfen üzerinde olduğunu göre zaman iyi",
     "ğ ı ş ç ö ü lar ler yor ün ın"},
    {"vi",
     "và của là có không được cho một người trong với này đã các những để khi tôi đến ở "
     "ra như anh cũng nhưng còn về từ thì rất nhiều bạn sẽ",
     "ă đ ơ ư ạ ả ấ ầ ậ ắ ằ ặ ẹ ẻ ế ề ể ệ ỉ ị ọ ỏ ố ồ ộ ớ ờ ợ ụ ủ ứ ừ ự ỳ ỵ"},
};

constexpr std::string_view k_other_codes[] = {"ar", "bg", "el", "fa", "he", "hi",
                                              "ja", "ko", "ru", "th", "uk", "zh"};
constexpr std::string_view k_undetermined = "und";

constexpr std::size_t k_languages = std::size(k_latin);
using Languages = std::vector<std::uint8_t>;  ///< indexes into k_latin
using Points = std::array<double, k_languages>;

constexpr std::uint64_t k_letter_bits = 21;

/// Up to three letters in one number; a fourth pushes the first one out.
std::uint64_t with_letter(std::uint64_t letters, char32_t next) {
    return ((letters << k_letter_bits) | next) & ((std::uint64_t{1} << (3 * k_letter_bits)) - 1);
}

struct LatinTable {
    std::unordered_map<std::string_view, Languages> by_word;
    std::unordered_map<std::uint64_t, Languages> by_part;
};

const LatinTable& latin_table() {
    static const LatinTable k_table = [] {
        LatinTable table;
        for (std::uint8_t i = 0; i < k_languages; ++i) {
            for (const std::string_view word : split(k_latin[i].words, ' ')) {
                Languages& languages = table.by_word[word];
                if (languages.empty() || languages.back() != i) languages.push_back(i);
            }
            for (const std::string_view part : split(k_latin[i].parts, ' ')) {
                std::uint64_t key = 0;
                for (const char32_t letter : to_code_points(part)) key = with_letter(key, letter);
                table.by_part[key].push_back(i);
            }
        }
        return table;
    }();
    return k_table;
}

/// How much of each script a text holds, in letters.
struct Scripts {
    std::size_t latin = 0;
    std::size_t cyrillic = 0;
    std::size_t greek = 0;
    std::size_t hebrew = 0;
    std::size_t arabic = 0;
    std::size_t devanagari = 0;
    std::size_t thai = 0;
    std::size_t hangul = 0;
    std::size_t kana = 0;
    std::size_t han = 0;

    std::size_t ukrainian = 0;  ///< letters that Russian and Bulgarian do not have
    std::size_t russian = 0;    ///< letters that Ukrainian and Bulgarian do not have
    std::size_t bulgarian = 0;  ///< the hard sign between consonants
    std::size_t persian = 0;    ///< letters that Arabic does not have
};

bool is_among(char32_t c, std::u32string_view letters) {
    return letters.find(c) != std::u32string_view::npos;
}

bool is_latin(char32_t c) {
    const auto in = [c](char32_t low, char32_t high) { return c >= low && c <= high; };
    if (c == 0xD7 || c == 0xF7) return false;
    return in(U'a', U'z') || in(U'A', U'Z') || in(0xC0, 0x24F) || in(0x1E00, 0x1EFF);
}

void count_cyrillic(char32_t c, Scripts& scripts) {
    ++scripts.cyrillic;
    if (is_among(c, U"іїєґІЇЄҐ")) ++scripts.ukrainian;
    if (is_among(c, U"ыэёЫЭЁ")) ++scripts.russian;
    if (is_among(c, U"ъЪ")) ++scripts.bulgarian;
}

void count(char32_t c, Scripts& scripts) {
    const auto in = [c](char32_t low, char32_t high) { return c >= low && c <= high; };
    if (is_latin(c)) {
        ++scripts.latin;
    } else if (in(0x400, 0x52F)) {
        count_cyrillic(c, scripts);
    } else if (in(0x370, 0x3FF) || in(0x1F00, 0x1FFF)) {
        ++scripts.greek;
    } else if (in(0x5D0, 0x5EA)) {
        ++scripts.hebrew;
    } else if (in(0x620, 0x64A) || in(0x671, 0x6D3)) {
        ++scripts.arabic;
        if (is_among(c, U"پچژگیک")) ++scripts.persian;
    } else if (in(0x904, 0x939) || in(0x93E, 0x94C)) {
        ++scripts.devanagari;
    } else if (in(0xE01, 0xE3A) || in(0xE40, 0xE4E)) {
        ++scripts.thai;
    } else if (in(0xAC00, 0xD7A3) || in(0x1100, 0x11FF)) {
        ++scripts.hangul;
    } else if (in(0x3041, 0x30FF)) {
        ++scripts.kana;
    } else if (in(0x4E00, 0x9FFF) || in(0x3400, 0x4DBF) || in(0x20000, 0x3FFFD)) {
        ++scripts.han;
    }
}

std::string_view guess_cyrillic(const Scripts& scripts) {
    if (scripts.ukrainian > scripts.russian) return "uk";
    if (scripts.russian > 0) return "ru";
    // One letter in fifty is a hard sign in Bulgarian, one in three thousand in Russian.
    return scripts.bulgarian * 100 > scripts.cyrillic ? "bg" : "ru";
}

void add_points(const Languages& languages, double points, Points& sum) {
    for (const std::uint8_t language : languages) {
        sum[language] += points / static_cast<double>(languages.size());
    }
}

/// Points for each language: a word or a part that several share is divided among them.
class LatinScoring {
  public:
    Points score(const std::vector<char32_t>& text) {
        for (const char32_t c : text) {
            const bool apostrophe = c == U'\'' || c == U'’';
            if (is_latin(c) || apostrophe || c == U'¿' || c == U'¡') {
                add_letter(apostrophe ? U'\'' : c);
            } else {
                end_word();
            }
        }
        end_word();
        return points_;
    }

  private:
    void add_letter(char32_t letter) {
        append_utf8(word_, letter);
        last_letters_ = with_letter(last_letters_, letter);
        const bool plain = letter < 0x80;
        // The parts that end here; one plain letter is none of them.
        for (unsigned length = plain ? 2 : 1; length <= 3; ++length) {
            const bool is_longer_than_word = last_letters_ >> (k_letter_bits * (length - 1)) == 0;
            if (is_longer_than_word) return;
            const auto mask = (std::uint64_t{1} << (k_letter_bits * length)) - 1;
            const auto found = table_.by_part.find(last_letters_ & mask);
            if (found == table_.by_part.end()) continue;
            add_points(found->second, plain ? k_plain_part_points : k_part_points, points_);
        }
    }

    void end_word() {
        const auto found = table_.by_word.find(word_);
        if (found != table_.by_word.end()) add_points(found->second, 1, points_);
        word_.clear();
        last_letters_ = 0;
    }

    static constexpr double k_part_points = 0.3;
    static constexpr double k_plain_part_points = 0.15;

    const LatinTable& table_ = latin_table();
    Points points_{};
    std::string word_;
    std::uint64_t last_letters_ = 0;
};

std::string_view guess_latin(std::string_view text) {
    constexpr double k_points_min = 0.7;
    constexpr double k_lead_min = 1.15;
    const Points points = LatinScoring().score(to_code_points(fold_case(text)));
    const auto best = std::ranges::max_element(points);
    double second = 0;
    for (auto other = points.begin(); other != points.end(); ++other) {
        if (other != best) second = std::max(second, *other);
    }
    if (*best < k_points_min || *best < second * k_lead_min) return k_undetermined;
    return k_latin[best - points.begin()].code;
}

}  // namespace

std::string_view guess_language(std::string_view text) {
    text = text.substr(0, limits::k_language_bytes_max);
    Scripts scripts;
    for (const char32_t c : to_code_points(text)) count(c, scripts);
    // A Chinese character or kana holds about as much as three letters.
    const std::size_t japanese = scripts.kana == 0 ? 0 : 3 * (scripts.kana + scripts.han);
    const std::size_t chinese = scripts.kana == 0 ? 3 * scripts.han : 0;
    const std::pair<std::size_t, std::string_view> candidates[] = {
        {scripts.latin, "latin"},
        {scripts.cyrillic, guess_cyrillic(scripts)},
        {scripts.greek, "el"},
        {scripts.hebrew, "he"},
        {scripts.arabic, scripts.persian > 0 ? "fa" : "ar"},
        {scripts.devanagari, "hi"},
        {scripts.thai, "th"},
        {2 * scripts.hangul, "ko"},
        {japanese, "ja"},
        {chinese, "zh"}};
    const auto& [letters, code] = *std::ranges::max_element(candidates);
    if (letters == 0) return k_undetermined;
    return code == "latin" ? guess_latin(text) : code;
}

bool is_guessable_language(std::string_view code) {
    return code == k_undetermined ||
           std::ranges::find(k_other_codes, code) != std::end(k_other_codes) ||
           std::ranges::find(k_latin, code, &LatinLanguage::code) != std::end(k_latin);
}

}  // namespace assay
