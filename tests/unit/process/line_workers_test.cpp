#include "core/process/line_workers.hpp"

#include <catch2/catch.hpp>

#include "tests/support/run_task.hpp"

namespace assay {
namespace {

using test::in;
using test::run_task;

constexpr std::size_t k_piece_bytes = 100'000;

LineProgram shell(std::string script) {
    const ProcessOptions options{.command = {"sh", "-c", std::move(script)},
                                 .output_bytes_max = 1U << 20U};
    return {.name = "script",
            .time_limit_name = "wall",
            .next_process = [options] { return Result<ProcessOptions>(options); },
            .usage = {}};
}

/// Sends pieces until the program reads no more, at most so many, and says what it answered.
Task<std::string> ask_in_pieces(LineWorkers& workers, int pieces, Deadline deadline) {
    ASSAY_CO_TRY(LineWorkers::Lease worker, co_await workers.take(deadline));
    bool reads = true;
    for (int i = 0; i < pieces && reads; ++i) {
        ASSAY_CO_TRY(reads, co_await worker.write(std::string(k_piece_bytes, 'x'), deadline));
    }
    co_return co_await worker.finish(deadline);
}

Result<std::string> answer(std::string script, int pieces, Deadline deadline) {
    boost::asio::io_context io;
    LineWorkers workers(shell(std::move(script)));
    return run_task(io, ask_in_pieces(workers, pieces, deadline));
}

TEST_CASE("line workers: a long question arrives whole in pieces") {
    const auto count = answer("wc -c", 50, in(std::chrono::minutes(1)));
    REQUIRE(count.has_value());
    CHECK(std::stoul(*count) == 50 * k_piece_bytes);
}

TEST_CASE("line workers: a program may answer before the question ends") {
    const auto said = answer("exec 0<&-; echo enough", 1'000'000, in(std::chrono::minutes(1)));
    REQUIRE(said.has_value());
    CHECK(*said == "enough\n");
}

TEST_CASE("line workers: a program that dies at a long question is explained") {
    const auto died = answer("head -c 10 > /dev/null; echo why >&2; exit 7", 1'000'000,
                             in(std::chrono::minutes(1)));
    REQUIRE_FALSE(died.has_value());
    CHECK(died.error().message ==
          "the program `script` ended with exit code 7; its last line was: why");
}

TEST_CASE("line workers: a program that writes more than is kept is not waited for") {
    const auto begun = std::chrono::steady_clock::now();
    const auto flood = answer("yes", 1'000'000, in(std::chrono::minutes(1)));
    REQUIRE_FALSE(flood.has_value());
    CHECK(flood.error().code == ErrorCode::resource_exhausted);
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(30));
}

TEST_CASE("line workers: a program that does not read ends at the deadline") {
    const auto hung = answer("sleep 600", 1'000'000, in(std::chrono::milliseconds(500)));
    REQUIRE_FALSE(hung.has_value());
    CHECK(hung.error().code == ErrorCode::deadline_exceeded);
    CHECK(hung.error().message.find("`wall`") != std::string::npos);
}

}  // namespace
}  // namespace assay
