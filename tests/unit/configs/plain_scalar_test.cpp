#include "configs/plain_scalar.hpp"

#include <catch2/catch.hpp>

namespace assay {
namespace {

TEST_CASE("plain scalar: the core types of YAML 1.2") {
    struct Case {
        const char* word;
        Json value;
    };
    const Case cases[] = {{"null", nullptr},
                          {"Null", nullptr},
                          {"~", nullptr},
                          {"true", true},
                          {"TRUE", true},
                          {"False", false},
                          {"0", 0},
                          {"-0", 0},
                          {"42", 42},
                          {"+7", 7},
                          {"-12", -12},
                          {"0x1F", 31},
                          {"0o17", 15},
                          {"9223372036854775807", INT64_MAX},
                          {"-9223372036854775808", INT64_MIN},
                          {"18446744073709551615", UINT64_MAX},
                          {"1.5", 1.5},
                          {"-.5", -0.5},
                          {"+1.", 1.0},
                          {"1e3", 1000.0},
                          {"1.5E-2", 0.015},
                          {"0.1", 0.1}};
    for (const Case& expected : cases) {
        const PlainScalar resolved = resolve_plain_scalar(expected.word);
        INFO(expected.word << ": " << resolved.trap);
        CHECK(resolved.trap.empty());
        CHECK(resolved.value == expected.value);
        CHECK(resolved.value.is_number_float() == expected.value.is_number_float());
    }
}

TEST_CASE("plain scalar: everything else is text") {
    for (const char* word : {"text",     "nO",         "tRUE",      "nil",  "y",    "n",   "1.2.3",
                             "12:30:45", "1_000",      "0b11",      "0x",   "0xZZ", "0o8", "-0x1F",
                             "1e",       "1e+",        "e3",        ".",    "-",    "+",   "--1",
                             "1-2",      "2026-11-01", ".infinity", "0.1.", "1 2",  "-.",  "½"}) {
        const PlainScalar resolved = resolve_plain_scalar(word);
        INFO(word);
        CHECK(resolved.trap.empty());
        CHECK(resolved.value == Json(word));
    }
}

TEST_CASE("plain scalar: a word that readers of YAML do not agree on is refused with a remedy") {
    for (const char* word : {"yes", "Yes", "YES", "no", "No", "NO", "on", "ON", "off", "Off"}) {
        INFO(word);
        CHECK_THAT(resolve_plain_scalar(word).trap, Catch::Contains("write true or false"));
        CHECK(resolve_plain_scalar(word).value == Json(word));
    }
    for (const char* word : {"017", "00", "-01", "+08", "0123456789"}) {
        INFO(word);
        CHECK_THAT(resolve_plain_scalar(word).trap, Catch::Contains("leading zero"));
        CHECK(resolve_plain_scalar(word).value == Json(word));
    }
}

TEST_CASE("plain scalar: a number that no value can hold is refused and not rounded") {
    for (const char* word :
         {"18446744073709551616", "-9223372036854775809", "0xFFFFFFFFFFFFFFFFF"}) {
        INFO(word);
        CHECK_THAT(resolve_plain_scalar(word).trap, Catch::Contains("does not fit in 64 bits"));
    }
    for (const char* word : {"1e999", "-1e999"}) {
        INFO(word);
        CHECK_THAT(resolve_plain_scalar(word).trap, Catch::Contains("out of range"));
    }
    for (const char* word : {".inf", "-.Inf", "+.INF", ".nan", ".NaN"}) {
        INFO(word);
        CHECK_THAT(resolve_plain_scalar(word).trap, Catch::Contains("not a finite number"));
    }
}

}  // namespace
}  // namespace assay
