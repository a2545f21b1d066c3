#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::is_error;
using test::mistakes_in;
using test::outcome;

bool equal(const char* output, const char* expected) {
    return outcome(bound("sql_equal"), output, expected).get<bool>();
}

TEST_CASE("sql_equal: white space and comments and case do not count", "[sql_equal]") {
    CHECK(equal("select A , b\nfrom T;", "SELECT a,b FROM t"));
    CHECK(equal("SELECT a -- the name\nFROM t /* all\nof it */ WHERE x=1 ;;",
                "select a from t where x = 1"));
    CHECK(equal("SELECT count (*) FROM s . t", "select COUNT(*) from s.t"));
    CHECK(equal("SELECT \u00c4 FROM t", "select \u00e4 from t"));
}

TEST_CASE("sql_equal: texts are compared as they are", "[sql_equal]") {
    CHECK_FALSE(equal("SELECT 'A'", "SELECT 'a'"));
    CHECK_FALSE(equal("SELECT 'a  b'", "SELECT 'a b'"));
    CHECK_FALSE(equal("SELECT '-- x' FROM t", "SELECT '' FROM t"));
    CHECK(equal("SELECT 'it''s' FROM t", "select 'it''s' from T"));
    CHECK(equal("SELECT '/* no comment' , '--'", "select '/* no comment','--'"));
    CHECK_FALSE(equal("SELECT E'a\\'b'", "SELECT E'a\\'c'"));
    CHECK(equal("SELECT n'a' , E'\\''", "select N'a',e'\\''"));
    CHECK(equal("SELECT $f$ it's  $f$", "select $f$ it's  $f$"));
    CHECK_FALSE(equal("SELECT $$a  b$$", "SELECT $$a b$$"));
    CHECK(equal("WHERE a = $1", "where a=$1"));
}

TEST_CASE("sql_equal: quotes that a name does not need do not count", "[sql_equal]") {
    CHECK(equal(R"(SELECT "name" FROM "users")", "select name from users"));
    CHECK(equal("SELECT `name` FROM [users] u", "select name from users u"));
    CHECK(equal("SELECT `Full Name`", R"(select "Full Name")"));
    CHECK(equal("SELECT [order]", R"(select "order")"));
    CHECK_FALSE(equal(R"(SELECT "Name")", "SELECT name"));
    CHECK_FALSE(equal(R"(SELECT "order")", "SELECT order"));
    CHECK_FALSE(equal(R"(SELECT "full name")", "SELECT full name"));
    CHECK_FALSE(equal(R"(SELECT "name")", "SELECT 'name'"));
    CHECK_FALSE(equal("SELECT a[i]", "SELECT a i"));  // an element of an array
    CHECK_FALSE(equal("SELECT ARRAY[i]", "SELECT ARRAY i"));
}

TEST_CASE("sql_equal: operators and numbers in their other forms", "[sql_equal]") {
    CHECK(equal("WHERE a != 1", "WHERE a<>1"));
    CHECK_FALSE(equal("WHERE a < > 1", "WHERE a <> 1"));
    CHECK_FALSE(equal("WHERE a <= 1", "WHERE a < 1"));
    CHECK(equal("SELECT 007, .5, 1.50, 1E+03, 2e-01, 0XFF", "select 7, 0.5, 1.5, 1e3, 2e-1, 0xff"));
    CHECK(equal("SELECT 5.", "select 5.0"));
    CHECK_FALSE(equal("SELECT 1.0 / 2", "SELECT 1 / 2"));
    CHECK_FALSE(equal("SELECT 10", "SELECT 1"));
    CHECK_FALSE(equal("SELECT 1e3", "SELECT 1e-3"));
    CHECK(equal("SELECT 1 - -1", "select 1-(-1)") == false);
    CHECK(equal("SELECT a||b, c::int, d->>'x'", "select a || b, c :: INT, d ->> 'x'"));
}

TEST_CASE("sql_equal: it compares text and not meaning", "[sql_equal]") {
    CHECK_FALSE(equal("SELECT a AS b FROM t", "SELECT a b FROM t"));
    CHECK_FALSE(equal("SELECT a FROM t WHERE x IN (1, 2)", "SELECT a FROM t WHERE x IN (2, 1)"));
    CHECK_FALSE(equal("SELECT a FROM t; SELECT b FROM t", "SELECT a FROM t"));
    CHECK_FALSE(equal("SELECT /*! a */ b", "SELECT b"));  // MySQL executes it
    CHECK(equal("SELECT /*+ hint */ b", "SELECT b"));
}

TEST_CASE("sql_equal: what is not closed is a wrong answer and no expected value", "[sql_equal]") {
    for (const char* open : {"SELECT 'a", "SELECT \"a", "SELECT `a", "SELECT [a", "SELECT a /* b",
                             "SELECT 'it''", "SELECT E'a\\'", "SELECT $x$ a", "", " -- nothing"}) {
        INFO(open);
        CHECK(outcome(bound("sql_equal"), open, "SELECT a") == false);
        CHECK(outcome(bound("sql_equal", {{"not", true}}), open, "SELECT a") == false);
        CHECK(
            comment_of(bound("sql_equal"), open, "SELECT a").starts_with("the output is not SQL"));
        CHECK(is_error(outcome(bound("sql_equal"), "SELECT a", open)));
        CHECK(mistakes_in("sql_equal", {{"value", open}}).size() == 1);
    }
}

TEST_CASE("sql_equal: a text beyond the limit is an error", "[sql_equal]") {
    const std::string most = "SELECT '" + std::string(limits::k_sql_bytes_max - 9, 'x') + "'";
    CHECK(outcome(bound("sql_equal"), most, most) == true);
    CHECK(is_error(outcome(bound("sql_equal"), most + " ", most)));
}

TEST_CASE("sql_equal: the comment names the first token that differs", "[sql_equal]") {
    CHECK(comment_of(bound("sql_equal"), "SELECT a FROM t", "SELECT a FROM u") ==
          "differs from token 4 on: expected \"u\", got \"t\"");
    CHECK(comment_of(bound("sql_equal"), "SELECT a", "SELECT a FROM u") ==
          "differs from token 3 on: expected \"from\", got the end");
    CHECK(comment_of(bound("sql_equal"), "SELECT a, b", "SELECT a") ==
          "differs from token 3 on: expected the end, got \",\"");
}

}  // namespace
}  // namespace assay
