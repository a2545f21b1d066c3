#include "core/base/error.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "core/base/money.hpp"
#include "core/base/secret.hpp"
#include "core/base/strong_id.hpp"

namespace assay {
namespace {

Result<int> half(int value) {
    if (value % 2 != 0) return failure(ErrorCode::invalid_argument, "odd");
    return value / 2;
}

Result<int> quarter(int value) {
    ASSAY_TRY(const int once, half(value));
    ASSAY_TRY(const int twice, half(once));
    return twice;
}

Result<void> check_even(int value) {
    ASSAY_CHECK(half(value));
    return {};
}

Result<std::unique_ptr<int>> boxed(int value) {
    ASSAY_TRY(auto box, Result<std::unique_ptr<int>>(std::make_unique<int>(value)));
    return box;
}

}  // namespace

TEST_CASE("error: try hands values on and stops at the first error", "[error]") {
    CHECK(*quarter(12) == 3);
    CHECK(quarter(6).error().message == "odd");
    CHECK(quarter(7).error().code == ErrorCode::invalid_argument);
    CHECK(check_even(2));
    CHECK_FALSE(check_even(3));
    CHECK(**boxed(5) == 5);
}

TEST_CASE("error: a failure knows its place and whether to try again", "[error]") {
    const Error lasting = quarter(6).error();
    CHECK_FALSE(lasting.retryable);
    CHECK(std::string(lasting.where.file_name()).ends_with("error_test.cpp"));
    const Result<int> passing = retryable_failure(ErrorCode::unavailable, "later");
    CHECK(passing.error().retryable);
}

TEST_CASE("error: every code has a name of its own", "[error]") {
    CHECK(std::string(to_string(ErrorCode::invalid_argument)) == "invalid_argument");
    CHECK(std::string(to_string(ErrorCode::data_loss)) == "data_loss");
    CHECK(std::string(to_string(ErrorCode::internal)) == "internal");
}

TEST_CASE("base: money is exact in nano-dollars", "[money]") {
    CHECK(nanos_from_usd(0.1) + nanos_from_usd(0.2) == nanos_from_usd(0.3));
    CHECK(nanos_from_usd(1e-9) == 1);
    CHECK(nanos_from_usd(4e-10) == 0);
    CHECK(nanos_from_usd(-0.25) == -250'000'000);
    CHECK(to_usd(2'500'000'000) == 2.5);
}

TEST_CASE("base: ids of one kind compare by their text", "[ids]") {
    using SomeId = StrongId<struct SomeTag>;
    CHECK(SomeId("a") == SomeId("a"));
    CHECK(SomeId("a") < SomeId("b"));
    CHECK(SomeId().empty());
    CHECK(SomeId("a").value() == "a");
}

TEST_CASE("base: a secret is shown only by revealing it", "[secret]") {
    const Secret key("k-123");
    CHECK(key.reveal() == "k-123");
    CHECK_FALSE(key.empty());
    CHECK(Secret().empty());
    Secret moved = key;
    const Secret taken = std::move(moved);
    CHECK(taken.reveal() == "k-123");
}

}  // namespace assay
