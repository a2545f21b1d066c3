#include "core/process/bounded_log.hpp"

#include <catch2/catch.hpp>

using assay::BoundedLog;

TEST_CASE("bounded log: text up to the limit is kept as it is") {
    BoundedLog log(10);
    log.append("12345");
    log.append("67890");
    CHECK(log.take() == "1234567890");
    CHECK(log.take().empty());
}

TEST_CASE("bounded log: beyond the limit the beginning and the end are kept") {
    BoundedLog log(10);
    log.append("12345678901");
    CHECK(log.take() == "12345\n[1 bytes left out]\n78901");
}

TEST_CASE("bounded log: a flood of small pieces keeps the very last bytes") {
    BoundedLog log(10);
    log.append("begin");
    for (int i = 0; i < 100'000; ++i) log.append("x");
    log.append("final");
    CHECK(log.take() == "begin\n[100000 bytes left out]\nfinal");
    log.append("again");
    CHECK(log.take() == "again");
}
