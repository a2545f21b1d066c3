#include <fmt/format.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <list>

#include "judges/provider.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay::test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
namespace asio = boost::asio;

namespace {

constexpr auto k_patience = 20s;

/// The start of every program: `answer(...)` writes one object.
constexpr const char* k_prelude = R"(
import json, os, sys, time
def answer(**fields):
    print(json.dumps(fields), flush=True)
def units():
    for line in sys.stdin:
        yield json.loads(line)
)";

/// A Python program as a provider.
class Program {
  public:
    explicit Program(const std::string& script, bool once = false, int workers_max = 1) {
        folder.write("app.py", k_prelude + script);
        ProviderSettings settings;
        settings.name = "command";
        settings.command = {"python3", "app.py"};
        settings.folder = folder.path();
        settings.once = once;
        settings.workers_max = workers_max;
        make(std::move(settings));
    }
    explicit Program(std::vector<std::string> command, bool once = false) {
        ProviderSettings settings;
        settings.command = std::move(command);
        settings.folder = folder.path();
        settings.once = once;
        make(std::move(settings));
    }
    ~Program() {
        provider->close();
        io.restart();
        io.run();
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    Result<ProviderReply> ask(Json unit, std::chrono::milliseconds patience = k_patience) {
        return run_task(io, provider->call({.unit = std::move(unit)}, in(patience)));
    }
    /// How often the program was started: each start appends a line to "starts".
    [[nodiscard]] std::size_t starts() const {
        const std::string text = read_text(folder.path() / "starts");
        return static_cast<std::size_t>(std::ranges::count(text, '\n'));
    }

    TemporaryFolder folder;
    asio::io_context io;
    std::unique_ptr<Provider> provider;

  private:
    void make(ProviderSettings settings) {
        auto made = find_provider("command")->make(std::move(settings));
        if (!made) FAIL(made.error().message);
        provider = std::move(*made);
    }
};

Json unit(const std::string& id, Json input = "x") {
    return {{"id", id}, {"input", std::move(input)}};
}

constexpr const char* k_echo = R"(
open("starts", "a").write("start\n")
for u in units():
    answer(id=u["id"], output=u["input"])
)";

}  // namespace

TEST_CASE("command: one process answers one unit after the other") {
    Program echo(k_echo);
    for (const Json& input : {Json("text"), Json(7), Json({{"a", Json::array({1, nullptr})}}),
                              Json("ümläut \n line"), Json(std::string(1 << 20, 'x'))}) {
        CHECK(echo.ask(unit("a", input)).value().output == input);
    }
    CHECK(echo.starts() == 1);
}

TEST_CASE("command: the whole unit arrives") {
    Program program("for u in units(): answer(id=u['id'], output=u)");
    const Json full = Json::parse(R"({"id":"a","input":{"q":1},"expected_output":"e","output":null,
                                      "metadata":{"m":[1]},"variant":"v","repetition":2})");
    CHECK(program.ask(full).value().output == full);
}

TEST_CASE("command: usage and cost and model are read where the program tells them") {
    Program program(R"(
for u in units():
    answer(id=u["id"], output="x", **u["input"])
)");
    const auto told = [&](const Json& extra) { return program.ask(unit("a", extra)); };
    const ProviderReply reply =
        told({{"usage", {{"input", 3}, {"output", 4}}}, {"cost_usd", 0.25}, {"model", "m"}})
            .value();
    CHECK(reply.usage == UsageDetails{{"input", 3}, {"output", 4}, {"total", 7}});
    CHECK(reply.cost == 250'000'000);
    CHECK(reply.model == "m");
    CHECK(told({{"usage", {{"input", 3}, {"total", 9}}}}).value().usage.at("total") == 9);
    CHECK(told(Json::object()).value().cost == std::nullopt);
    for (const Json& wrong :
         {Json{{"usage", 3}}, Json{{"usage", {{"input", -1}}}}, Json{{"usage", {{"input", "3"}}}},
          Json{{"cost_usd", "1"}}, Json{{"cost_usd", -1}}, Json{{"cost_usd", 1e300}}}) {
        CHECK(told(wrong).error().code == ErrorCode::invalid_argument);
    }
    CHECK(told(Json::object()).value().output == "x");
}

TEST_CASE("command: other lines and stderr go to the log of their unit") {
    Program program(R"(
for u in units():
    print("thinking about " + u["id"], flush=True)
    print('{"id": "other", "output": "wrong"}', flush=True)
    print("[1, 2]", flush=True)
    print("warning " + u["id"], file=sys.stderr, flush=True)
    answer(id=u["id"], output="right")
)");
    for (const std::string id : {"a", "b"}) {
        const ProviderReply reply = program.ask(unit(id)).value();
        CHECK(reply.output == "right");
        CHECK(reply.log == fmt::format("thinking about {0}\n{{\"id\": \"other\", \"output\": "
                                       "\"wrong\"}}\n[1, 2]\nwarning {0}\n",
                                       id));
    }
}

TEST_CASE("command: an id may be any JSON value") {
    Program echo(k_echo);
    for (const Json& id : {Json(7), Json("7"), Json({{"a", 1}})}) {
        CHECK(echo.ask({{"id", id}, {"input", id}}).value().output == id);
    }
}

TEST_CASE("command: an error that the program reports is the unit's and the worker goes on") {
    Program program(R"(
open("starts", "a").write("start\n")
for u in units():
    if u["input"] == "bad":
        answer(id=u["id"], error={"why": "no such item"})
    else:
        answer(id=u["id"], output="fine", error=None)
)");
    const auto bad = program.ask(unit("a", "bad"));
    REQUIRE(!bad);
    CHECK(!bad.error().retryable);
    CHECK(bad.error().message == R"(the program reports: {"why":"no such item"})");
    CHECK(program.ask(unit("b")).value().output == "fine");
    CHECK(program.starts() == 1);
}

TEST_CASE("command: a program that dies fails that unit with its last words") {
    Program program(R"(
open("starts", "a").write("start\n")
for u in units():
    if u["input"] == "die":
        print("first words", file=sys.stderr)
        sys.exit("no more memory")
    answer(id=u["id"], output="fine")
)");
    const auto fresh = program.ask(unit("a", "die"));
    REQUIRE(!fresh);
    CHECK(fresh.error().code == ErrorCode::unavailable);
    CHECK(!fresh.error().retryable);
    CHECK(fresh.error().message ==
          "the program `python3 app.py` ended with exit code 1; its last line "
          "was: no more memory");
    CHECK(program.ask(unit("b")).value().output == "fine");
    // Once it has answered, its death may have come before the unit did: worth another attempt.
    CHECK(program.ask(unit("c", "die")).error().retryable);
    CHECK(program.ask(unit("d")).value().output == "fine");
    CHECK(program.starts() == 3);
}

TEST_CASE("command: a program killed by a signal says which") {
    Program program("os.kill(os.getpid(), 11)");
    CHECK_THAT(program.ask(unit("a")).error().message,
               Catch::Contains("was killed by signal 11 (SIGSEGV)"));
}

TEST_CASE("command: a program that ends after one answer is told how to go on") {
    Program program("u = next(units())\nanswer(id=u['id'], output='fine')");
    CHECK(program.ask(unit("a")).value().output == "fine");
    Program silent("sys.stdin.readline()");
    CHECK_THAT(silent.ask(unit("a")).error().message,
               Catch::Contains("exit code 0") && Catch::Contains("`mode: once`"));
}

TEST_CASE("command: a program that ended while idle is replaced") {
    Program program(std::string(k_echo) + "\n");
    CHECK(program.ask(unit("a")));
    Program quitter(R"(
open("starts", "a").write("start\n")
u = next(units())
answer(id=u["id"], output=os.getpid())
)");
    const auto pid = static_cast<pid_t>(quitter.ask(unit("a")).value().output.get<int>());
    siginfo_t info{};
    REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
    CHECK(quitter.ask(unit("b")));
    CHECK(quitter.starts() == 2);
}

TEST_CASE("command: a program that hangs is killed at the deadline and replaced") {
    Program program(R"(
open("starts", "a").write("start\n")
for u in units():
    if u["input"] == "hang":
        print("hm", flush=True)
        time.sleep(300)
    answer(id=u["id"], output="fine")
)");
    CHECK(program.ask(unit("a")).value().output == "fine");
    const auto begin = std::chrono::steady_clock::now();
    const auto late = program.ask(unit("b", "hang"), 200ms);
    CHECK(std::chrono::steady_clock::now() - begin < 5s);
    REQUIRE(!late);
    CHECK(late.error().code == ErrorCode::deadline_exceeded);
    CHECK_THAT(late.error().message, Catch::Contains("flush") && Catch::EndsWith("was: hm"));
    CHECK(program.ask(unit("c")).value().output == "fine");
    CHECK(program.starts() == 2);
}

TEST_CASE("command: garbage without an answer fails the unit at the deadline") {
    Program garbage("while True: print('}{ garbage')");
    const auto late = garbage.ask(unit("a"), 3000ms);
    REQUIRE(!late);
    CHECK(late.error().code == ErrorCode::deadline_exceeded);
    CHECK_THAT(late.error().message, Catch::EndsWith("garbage"));
}

TEST_CASE("command: an answer without output is an error and the worker is replaced") {
    Program program(R"(
open("starts", "a").write("start\n")
for u in units():
    answer(id=u["id"], **u["input"])
)");
    CHECK(program.ask(unit("a", Json::object())).error().code == ErrorCode::invalid_argument);
    CHECK(program.ask(unit("b", {{"output", 1}})).value().output == 1);
    CHECK(program.starts() == 2);
}

TEST_CASE("command: a program that floods or closes its pipes fails its unit") {
    Program endless("while True: sys.stdout.write('x' * 65536)");
    CHECK(endless.ask(unit("a")).error().code == ErrorCode::resource_exhausted);
    Program deaf("os.close(0)\ntime.sleep(300)");
    CHECK(!deaf.ask(unit("a"), 500ms));
    Program mute("os.close(1)\ntime.sleep(300)");
    const auto closed = mute.ask(unit("a"));
    REQUIRE(!closed);
    CHECK_THAT(closed.error().message, Catch::Contains("closed its output and was killed"));
    Program noisy(R"(
for u in units():
    sys.stderr.write("e" * 5000000 + "\n")
    answer(id=u["id"], output="fine")
)");
    const ProviderReply reply = noisy.ask(unit("a")).value();
    CHECK(reply.output == "fine");
    CHECK(reply.log.size() < 2 * limits::k_program_log_bytes_max);
}

TEST_CASE("command: bytes that are not UTF-8 are log unless they are the answer") {
    Program program(R"(
for u in units():
    for id in ("other", u["input"]):
        sys.stdout.buffer.write(b'{"id": "%s", "output": "\xff"}\n' % id.encode())
    sys.stdout.buffer.flush()
    if u["input"] == "none":
        answer(id=u["id"], output="right")
)");
    const ProviderReply reply = program.ask(unit("a", "none")).value();
    CHECK(reply.output == "right");
    CHECK_THAT(reply.log, Catch::Contains("\xEF\xBF\xBD"));
    const auto unreadable = program.ask(unit("a", "a"));  // long before its time is over
    REQUIRE_FALSE(unreadable);
    CHECK(unreadable.error().code == ErrorCode::invalid_argument);
    CHECK_THAT(unreadable.error().message, Catch::Contains("gave an answer that is not UTF-8"));
}

TEST_CASE("command: a program that leaves a child behind fails its unit and nothing hangs") {
    Program program("if os.fork() == 0: time.sleep(300)\nsys.exit(3)");
    const auto failed = program.ask(unit("a"));
    REQUIRE(!failed);
    CHECK_THAT(failed.error().message, Catch::Contains("ended with exit code 3"));
}

TEST_CASE("command: workers answer at the same time and no more are started than allowed") {
    // Each waits until the other is there too, so this ends only if both run at once.
    Program program(R"(
open("starts", "a").write("start\n")
for u in units():
    open("here." + str(os.getpid()), "w").close()
    while len([f for f in os.listdir(".") if f.startswith("here.")]) < 2:
        time.sleep(0.001)
    answer(id=u["id"], output=u["id"])
)",
                    false, 2);
    std::list<std::optional<Result<ProviderReply>>> replies;
    for (int i = 0; i < 20; ++i) {
        asio::co_spawn(
            program.io,
            store_result(program.provider->call({.unit = unit(std::to_string(i))}, in(k_patience)),
                         replies.emplace_back()),
            [](std::exception_ptr) {});
    }
    const auto all_done = [&] {
        return std::ranges::all_of(replies, [](const auto& reply) { return reply.has_value(); });
    };
    while (!all_done()) program.io.run_one();
    int i = 0;
    for (const auto& reply : replies) CHECK(reply->value().output == std::to_string(i++));
    CHECK(program.starts() == 2);
}

TEST_CASE("command: a program that is not there is looked for once and says the remedy") {
    Program program(std::vector<std::string>{"no-such-program", "x"});
    const auto first = program.ask(unit("a"));
    REQUIRE(!first);
    CHECK(first.error().code == ErrorCode::not_found);
    CHECK(!first.error().retryable);
    CHECK_THAT(first.error().message, Catch::Contains("is it installed and on PATH?"));
    CHECK(program.ask(unit("b")).error().message == first.error().message);
}

TEST_CASE("command: an empty command is refused") {
    CHECK(find_provider("command")->make({}).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("command: closing lets the programs end by themselves") {
    Program program(std::string(k_echo) + "\nopen('ended', 'w').write('bye')\n");
    REQUIRE(program.ask(unit("a")));
    program.provider->close();
    program.provider->close();
    program.io.restart();
    program.io.run();
    CHECK(read_text(program.folder.path() / "ended") == "bye");
}

TEST_CASE("command once: stdin is the unit and stdout the output") {
    Program program("u = json.load(sys.stdin)\nprint(u['input'].upper())", true);
    CHECK(program.ask(unit("a", "abc")).value().output == "ABC");
    CHECK(program.ask(unit("b", "def")).value().output == "DEF");
}

TEST_CASE("command once: JSON is read as such and other text is kept but for its last newline") {
    const auto output_of = [](const char* text) {
        return Program({"printf", "%b", text}, true).ask(unit("a")).value().output;
    };
    CHECK(output_of(R"({"a": 1}\n)") == Json({{"a", 1}}));
    CHECK(output_of("7\\n") == 7);
    CHECK(output_of("\"text\"") == "text");
    CHECK(output_of("two\\nlines\\n\\n") == "two\nlines\n");
    CHECK(output_of("") == "");
    CHECK(output_of("a\\0377b") ==
          "a\xEF\xBF\xBD"
          "b");
}

TEST_CASE("command once: failures say how it ended") {
    Program program("print('partial')\nsys.exit('went wrong')", true);
    const auto failed = program.ask(unit("a"));
    REQUIRE(!failed);
    CHECK_THAT(failed.error().message,
               Catch::Contains("ended with exit code 1") && Catch::EndsWith("went wrong"));
    CHECK(!failed.error().retryable);
    Program hangs(std::vector<std::string>{"sleep", "300"}, true);
    CHECK(hangs.ask(unit("a"), 100ms).error().code == ErrorCode::deadline_exceeded);
    Program flood(std::vector<std::string>{"head", "-c", "1073741824", "/dev/zero"}, true);
    CHECK(flood.ask(unit("a")).error().code == ErrorCode::resource_exhausted);
}

TEST_CASE("command once: a large unit that is not read and a child that stays do no harm") {
    Program ignores(std::vector<std::string>{"sh", "-c", "sleep 300 & echo done"}, true);
    CHECK(ignores.ask(unit("a", std::string(1 << 20, 'x'))).value().output == "done");
}

}  // namespace assay::test
