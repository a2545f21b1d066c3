#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/support/seed.hpp"
#include "tests/unit/query/rows.hpp"

namespace assay::test {
namespace {

/// Makes filters that are nearly or wholly right, and some that are not.
class FilterMaker {
  public:
    explicit FilterMaker(std::uint64_t seed) : rng_(seed) {}

    std::string make(const View& view) {
        Json filter = Json::array();
        for (std::size_t count = 1 + below(3); count > 0; --count) filter.push_back(element(view));
        std::string text = to_text(filter);
        if (below(20) == 0) text[below(text.size())] = static_cast<char>(below(256));
        return text;
    }

  private:
    std::size_t below(std::size_t bound) {
        return static_cast<std::size_t>(rng_.next_below(bound));
    }
    template <std::size_t n>
    const char* one_of(const char* const (&values)[n]) {
        return values[below(n)];
    }

    Json element(const View& view) {
        const Column& column = view.columns[below(view.columns.size())];
        const std::string spelling(below(2) == 0 ? column.id : column.name);
        const auto [type, op] = below(10) == 0 ? any_type() : fitting_type(column.kind);
        return {
            {"type", type},
            {"column", below(50) == 0 ? text() : spelling},
            {"operator", op},
            {"key", type == "positionInTrace" ? one_of({"root", "last", "nthFromEnd"}) : text()},
            {"value", below(20) == 0 ? any_value() : fitting_value(type)}};
    }

    struct Kind {
        std::string type;
        std::string op;
    };
    Kind any_type() {
        return {one_of({"datetime", "string", "stringOptions", "arrayOptions", "number", "null",
                        "stringObject", "boolean", "positionInTrace", "text"}),
                one_of({"=", "<>", "<", "contains", "any of", "all of", "is null", "matches"})};
    }
    Kind fitting_type(ColumnKind kind) {
        const auto texts = [&] {
            return one_of(
                {"=", "contains", "does not contain", "starts with", "ends with", "matches"});
        };
        const auto numbers = [&] { return one_of({"=", "<", "<=", ">", ">="}); };
        const auto options = [&] { return one_of({"any of", "none of"}); };
        const auto booleans = [&] { return one_of({"=", "<>"}); };
        switch (kind) {
            case ColumnKind::text:
            case ColumnKind::symbol:
            case ColumnKind::id:
                if (below(4) == 0) return {"null", one_of({"is null", "is not null"})};
                if (below(3) == 0) return {"stringOptions", options()};
                return {"string", texts()};
            case ColumnKind::number: return {"number", numbers()};
            case ColumnKind::time: return {"datetime", one_of({"<", "<=", ">", ">="})};
            case ColumnKind::boolean: return {"boolean", booleans()};
            case ColumnKind::texts:
                return {"arrayOptions", one_of({"any of", "none of", "all of"})};
            case ColumnKind::numbers_by_key: return {"numberObject", numbers()};
            case ColumnKind::booleans_by_key: return {"booleanObject", booleans()};
            case ColumnKind::texts_by_key: return {"categoryOptions", options()};
            case ColumnKind::metadata:
                if (below(4) == 0) return {"numberObject", numbers()};
                if (below(4) == 0) return {"booleanObject", booleans()};
                return {"stringObject", texts()};
            case ColumnKind::content: return {"string", texts()};
            case ColumnKind::position: return {"positionInTrace", "="};
        }
        std::unreachable();
    }

    Json fitting_value(const std::string& type) {
        if (type.starts_with("number")) return below(2) == 0 ? Json(below(10)) : Json(-1e300);
        if (type.starts_with("boolean")) return below(2) == 0;
        if (type.ends_with("Options")) return Json::array({text(), text()});
        if (type == "datetime") return "2026-01-01T00:00:00Z";
        if (type == "positionInTrace") return 1 + below(3);
        return type == "null" ? Json("") : Json(text());
    }
    Json any_value() {
        return fitting_value(one_of({"number", "boolean", "arrayOptions", "datetime", "string"}));
    }

    std::string text() {
        return one_of({"chat", "'", "\"", "' OR 1=1 --", "%", "$key", "$values", "?1", "\0x", "ÿ",
                       "00ff", "NULL", "x\" OR tokens:y", "💥", ""});
    }

    Rng rng_;
};

std::uint64_t rounds() {
    const char* const given = std::getenv("ASSAY_FUZZ_ROUNDS");
    return given == nullptr ? 4'000 : std::strtoull(given, nullptr, 10);
}

}  // namespace

TEST_CASE("query: any filter gives rows or says what is wrong with it", "[query]") {
    QueryBackend backend;
    const std::uint64_t seed = seed_of_test();
    CAPTURE(seed);
    FilterMaker maker(seed);
    std::uint64_t answered = 0;
    for (std::uint64_t round = 0; round < rounds(); ++round) {
        for (const View* view :
             {&trace_view(), &observation_view(), &score_view(), &session_view()}) {
            const std::string filter = maker.make(*view);
            const auto elements = parse_filter(filter);
            if (!elements) {
                CAPTURE(filter);
                REQUIRE(elements.error().code == ErrorCode::invalid_argument);
                continue;
            }
            const Query query{.view = *view, .filter = *elements};
            const auto found = find_rows(backend.reader(), k_project, query);
            const auto counted = count_rows(backend.reader(), k_project, query);
            CAPTURE(filter);
            if (!found) {
                CAPTURE(found.error().message);
                REQUIRE(found.error().code == ErrorCode::invalid_argument);
                continue;
            }
            REQUIRE(counted);
            ++answered;
        }
    }
    CHECK(answered > rounds());  // a quarter; most of the others were refused for one element
}

}  // namespace assay::test
