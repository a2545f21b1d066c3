#include "reference_cases.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::published;
using test::score_of;

TEST_CASE("jaro_winkler: equal to an implementation from the definition", "[jaro_winkler]") {
    test::check_reference_cases("jaro_winkler");
}

TEST_CASE("jaro_winkler: the Census Bureau's table", "[jaro_winkler]") {
    // Winkler, "Advanced Methods for Record Linkage", Statistical Research Report RR94/05, 1994,
    // table 2.1. Left out are the rows whose figure the plain formula with 0.1 does not give:
    // MASSEY/MASSIE, DWAYNE/DUANE, and JON/JAN and 1ST/IST with 0.000.
    struct Row {
        const char* a;
        const char* b;
        double similarity;
    };
    static constexpr Row k_rows[] = {
        {"SHACKLEFORD", "SHACKELFORD", 0.982},
        {"DUNNINGHAM", "CUNNIGHAM", 0.896},
        {"NICHLESON", "NICHULSON", 0.956},
        {"JONES", "JOHNSON", 0.832},
        {"ABROMS", "ABRAMS", 0.922},
        {"HARDIN", "MARTINEZ", 0.722},
        {"ITMAN", "SMITH", 0.467},
        {"JERALDINE", "GERALDINE", 0.926},
        {"MARHTA", "MARTHA", 0.961},
        {"MICHELLE", "MICHAEL", 0.921},
        {"JULIES", "JULIUS", 0.933},
        {"TANYA", "TONYA", 0.880},
        {"SEAN", "SUSAN", 0.805},
        {"JON", "JOHN", 0.933},
        {"BROOKHAVEN", "BRROKHAVEN", 0.947},
        {"BROOK HALLOW", "BROOK HLLW", 0.967},
        {"DECATUR", "DECATIR", 0.943},
        {"FITZRUREITER", "FITZENREITER", 0.913},
        {"HIGBEE", "HIGHEE", 0.922},
        {"HIGBEE", "HIGVEE", 0.922},
        {"LACURA", "LOCURA", 0.900},
        {"IOWA", "IONA", 0.867},
    };
    const auto similarity = bound("jaro_winkler");
    for (const Row& row : k_rows) {
        INFO(row.a << " " << row.b);
        CHECK(score_of(similarity, row.a, row.b) == published(row.similarity, 5e-4));
    }
}

TEST_CASE("jaro_winkler: characters are code points", "[jaro_winkler]") {
    const auto similarity = bound("jaro_winkler");
    CHECK(score_of(similarity, "", "") == 1);
    CHECK(score_of(similarity, "", "a") == 0);
    CHECK(score_of(similarity, "a", "") == 0);
    CHECK(score_of(similarity, "a", "a") == 1);
    CHECK(score_of(similarity, "a", "b") == 0);
    CHECK(score_of(similarity, "\u041c\u0410\u0420\u0425\u0422\u0410",
                   "\u041c\u0410\u0420\u0422\u0425\u0410") == published(0.961, 5e-4));
    CHECK(score_of(similarity, "\U0001f600", "\U0001f601") == 0);
    CHECK(score_of(similarity, "Martha", "MARTHA") < 1);
    CHECK(score_of(bound("jaro_winkler", {{"ignore_case", true}}), "Martha", "MARTHA") == 1);
    CHECK(comment_of(similarity, "MARHTA", "MARTHA") == "Jaro similarity 0.9444, common prefix 3");
}

}  // namespace
}  // namespace assay
