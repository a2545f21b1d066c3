#include "reference_cases.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::json;
using test::score_of;

TEST_CASE("token_f1: equal to an implementation from the definition", "[token_f1]") {
    test::check_reference_cases("token_f1");
}

TEST_CASE("token_f1: case and punctuation and articles do not count", "[token_f1]") {
    const auto f1 = bound("token_f1");
    CHECK(score_of(f1, "The Denver Broncos!", "denver broncos") == 1);
    CHECK(score_of(f1, "a an the", "") == 1);
    CHECK(score_of(f1, "U.S.A.", "USA") == 1);  // deleted and not replaced
    CHECK(score_of(f1, "well-known", "well known") == 0);
    CHECK(score_of(f1, "theatre", "atre") == 0);  // an article is a word of its own
    CHECK(score_of(f1, "\u201cthe\u201d", "\u201c \u201d") == 1);  // as \b sees it
    CHECK(score_of(f1, "a\u0301", "") == 0);  // no article: the mark belongs to the letter
    CHECK(score_of(f1, "cat cat dog", "cat dog dog") == Approx(2.0 / 3));
}

TEST_CASE("token_f1: the answer nearest to the output counts", "[token_f1]") {
    const auto f1 = bound("token_f1");
    const Json answers = json(R"(["Santa Clara, California", "Levi's Stadium", "Levi's"])");
    CHECK(score_of(f1, "Levi's Stadium in Santa Clara", answers) == Approx(4.0 / 7));
    CHECK(comment_of(f1, "Levi's Stadium in Santa Clara", answers) ==
          "precision 0.4, recall 1, reference 2 of 3");
    CHECK(comment_of(f1, "Levi's", json(R"(["x", "Levi's", "levis"])")) ==
          "precision 1, recall 1, reference 2 of 3");
}

TEST_CASE("token_f1: two empty texts are equal", "[token_f1]") {
    const auto f1 = bound("token_f1");
    CHECK(score_of(f1, "", "") == 1);
    CHECK(score_of(f1, "!", "the") == 1);
    CHECK(score_of(f1, "", "yes") == 0);
    CHECK(score_of(f1, "yes", "") == 0);
    CHECK(score_of(f1, "", json(R"(["yes", ""])")) == 1);
    CHECK(score_of(f1, 1234, "1,234") == 1);
}

}  // namespace
}  // namespace assay
