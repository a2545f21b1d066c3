#include "core/process/turns.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <list>

#include "tests/support/run_task.hpp"

namespace assay::test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
namespace asio = boost::asio;

namespace {

/// Coroutines that ask for turns and keep what they get.
class Askers {
  public:
    explicit Askers(int turns_max) : turns(turns_max) {}

    std::size_t ask(Deadline deadline = {}) {
        auto& asker = askers_.emplace_back(std::make_unique<Asker>());
        asio::co_spawn(
            io, store_result(turns.take(deadline), asker->turn),
            asio::bind_cancellation_slot(asker->cancel.slot(), [](std::exception_ptr) {}));
        settle();
        return askers_.size() - 1;
    }
    void settle() {
        io.restart();
        io.poll();
    }
    std::optional<Result<Turns::Turn>>& turn(std::size_t i) { return askers_.at(i)->turn; }
    [[nodiscard]] bool has(std::size_t i) { return turn(i) && turn(i)->has_value(); }
    void give_back(std::size_t i) {
        turn(i).reset();
        settle();
    }
    void cancel(std::size_t i) {
        askers_.at(i)->cancel.emit(asio::cancellation_type::terminal);
        settle();
    }

    Turns turns;
    asio::io_context io;

  private:
    struct Asker {
        std::optional<Result<Turns::Turn>> turn;
        asio::cancellation_signal cancel;
    };
    std::vector<std::unique_ptr<Asker>> askers_;
};

}  // namespace

TEST_CASE("turns: no more than the limit go ahead and the rest follow in order") {
    Askers askers(2);
    for (int i = 0; i < 5; ++i) askers.ask();
    CHECK((askers.has(0) && askers.has(1) && !askers.has(2)));
    askers.give_back(1);
    CHECK((askers.has(2) && !askers.has(3)));
    askers.give_back(0);
    askers.give_back(2);
    CHECK((askers.has(3) && askers.has(4)));
    askers.give_back(3);
    askers.give_back(4);
    CHECK(askers.has(askers.ask()));
}

TEST_CASE("turns: a deadline ends the wait and the place goes to the next") {
    Askers askers(1);
    askers.ask();
    askers.ask(in(1ms));
    askers.ask();
    while (!askers.turn(1)) askers.settle();
    CHECK(askers.turn(1)->error().code == ErrorCode::deadline_exceeded);
    CHECK(askers.turn(1)->error().retryable);
    askers.give_back(0);
    CHECK(askers.has(2));
}

TEST_CASE("turns: a cancelled wait gives up its place") {
    Askers askers(1);
    askers.ask();
    askers.ask();
    askers.ask();
    askers.cancel(1);
    CHECK(askers.turn(1)->error().code == ErrorCode::cancelled);
    askers.give_back(0);
    CHECK(askers.has(2));
}

TEST_CASE("turns: a turn given to a coroutine that is destroyed is not lost") {
    Turns turns(1);
    std::optional<Result<Turns::Turn>> first;
    {
        asio::io_context io;
        std::optional<Result<Turns::Turn>> second;
        asio::co_spawn(io, store_result(turns.take({}), first), [](std::exception_ptr) {});
        asio::co_spawn(io, store_result(turns.take({}), second), [](std::exception_ptr) {});
        io.poll();
        REQUIRE((first && !second));
        first.reset();  // given to the second, which never runs again
    }
    asio::io_context io;
    CHECK(run_task(io, turns.take(in(1s))));
}

}  // namespace assay::test
