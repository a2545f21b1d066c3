#include "evaluators/json_comparison.hpp"

#include <algorithm>
#include <numeric>
#include <random>

#include "core/model/json_value.hpp"
#include "evaluator_helpers.hpp"
#include "evaluators/assignment.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

TEST_CASE("json comparison: the assignment is as good as the best of all permutations",
          "[json_match]") {
    const std::uint64_t used = test::seed_of_test();
    INFO("ASSAY_SEED=" << used);
    std::mt19937_64 random(used);
    for (int round = 0; round < 500; ++round) {
        const std::size_t columns = 1 + random() % 6;
        AssignmentWeights weights{.rows = 1 + random() % columns, .columns = columns, .weight = {}};
        for (std::size_t i = 0; i < weights.rows * columns; ++i) {
            weights.weight.push_back(static_cast<std::int64_t>(random() % 21) - 10);
        }
        const auto value = [&](const std::vector<std::size_t>& order) {
            std::int64_t sum = 0;
            for (std::size_t row = 0; row < weights.rows; ++row) sum += weights.at(row, order[row]);
            return sum;
        };
        std::vector<std::size_t> order(columns);
        std::iota(order.begin(), order.end(), 0);
        std::int64_t best = value(order);
        while (std::ranges::next_permutation(order).found) best = std::max(best, value(order));

        auto found = best_assignment(weights);
        CHECK(value(found) == best);
        std::ranges::sort(found);
        CHECK(std::ranges::adjacent_find(found) == found.end());
    }
}

Json random_value(std::mt19937_64& random, int depth) {
    const auto kind = random() % (depth > 0 ? 6 : 3);
    if (kind == 0) return random() % 3;
    if (kind == 1) return random() % 2 == 0 ? "a" : "b";
    if (kind == 2) return static_cast<double>(random() % 4) / 2;
    Json value = kind == 3 ? Json::object() : Json::array();
    for (std::size_t i = random() % 4; i > 0; --i) {
        if (value.is_array()) {
            value.push_back(random_value(random, depth - 1));
        } else {
            value[std::string(1, static_cast<char>('a' + random() % 4))] =
                random_value(random, depth - 1);
        }
    }
    return value;
}

void shuffle(Json& value, std::mt19937_64& random) {
    if (!value.is_structured()) return;
    for (Json& child : value) shuffle(child, random);
    if (value.is_array()) std::shuffle(value.begin(), value.end(), random);
}

TEST_CASE("json comparison: random values are equal to themselves however they are shuffled",
          "[json_match]") {
    const std::uint64_t used = test::seed_of_test();
    INFO("ASSAY_SEED=" << used);
    std::mt19937_64 random(used);
    const JsonComparisonOptions plain;
    const JsonComparisonOptions any{.any_order = true};
    const JsonComparisonOptions near{.any_order = true, .tolerance = {.absolute = 0.1}};
    for (int round = 0; round < 500; ++round) {
        const Json a = random_value(random, 4);
        const Json b = random_value(random, 4);
        INFO(to_text(a) << " and " << to_text(b));
        Json shuffled = a;
        shuffle(shuffled, random);
        CHECK(compare_json(a, a, plain)->is_equal());
        CHECK(compare_json(shuffled, a, any)->is_equal());
        CHECK(compare_json(shuffled, a, near)->is_equal());

        const auto ordered = compare_json(a, b, plain);
        const auto unordered = compare_json(a, b, any);
        CHECK(ordered->is_equal() == json_equal(a, b));
        CHECK(ordered->matched <= ordered->leaves);
        CHECK(unordered->matched >= ordered->matched);
        CHECK(ordered->is_equal() == ordered->differences.empty());
        const auto reversed = compare_json(b, a, any);
        CHECK(reversed->matched == unordered->matched);
        CHECK(reversed->is_equal() == unordered->is_equal());
    }
}

}  // namespace
}  // namespace assay
