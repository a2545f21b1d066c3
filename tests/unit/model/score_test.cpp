#include "core/model/score.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <vector>

namespace assay {

TEST_CASE("score: the type follows from the value", "[score]") {
    CHECK(data_type_of(0.5) == ScoreDataType::numeric);
    CHECK(data_type_of(true) == ScoreDataType::boolean);
    CHECK(data_type_of(std::string("billing")) == ScoreDataType::categorical);
}

TEST_CASE("score: types have the tracing backend's names", "[score]") {
    for (const auto type :
         {ScoreDataType::numeric, ScoreDataType::categorical, ScoreDataType::boolean}) {
        CHECK(*parse_score_data_type(to_string(type)) == type);
    }
    CHECK(std::string(to_string(ScoreDataType::boolean)) == "BOOLEAN");
    CHECK_FALSE(parse_score_data_type("boolean"));
    CHECK_FALSE(parse_score_data_type(""));
}

TEST_CASE("score: a boolean is 1 or 0 as a number", "[score]") {
    CHECK(as_number(true) == 1.0);
    CHECK(as_number(false) == 0.0);
    CHECK(as_number(0.25) == 0.25);
}

TEST_CASE("score: values survive JSON with their type", "[score]") {
    for (const ScoreValue& value :
         {ScoreValue(0.5), ScoreValue(1.0), ScoreValue(true), ScoreValue(false),
          ScoreValue(std::string("true")), ScoreValue(std::string())}) {
        const auto back = score_value_from_json(*parse_json(to_text(to_json(value))));
        REQUIRE(back);
        CHECK(*back == value);
    }
    CHECK(*score_value_from_json(3) == ScoreValue(3.0));
}

TEST_CASE("score: what is no score is refused", "[score]") {
    for (const Json& json : {Json(nullptr), Json::array({1}), Json::object(),
                             Json(std::numeric_limits<double>::quiet_NaN()),
                             Json(std::numeric_limits<double>::infinity())}) {
        const auto refused = score_value_from_json(json);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::invalid_argument);
    }
    CHECK_THAT(score_value_from_json(Json::array()).error().message,
               Catch::Contains("not an array"));
}

}  // namespace assay
