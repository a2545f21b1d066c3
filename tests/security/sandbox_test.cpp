#include "core/process/sandbox.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "core/base/text.hpp"
#include "evaluators/evaluation.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay::test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

constexpr auto k_patience = 30s;
constexpr auto k_wall = 1500ms;

/// What has to be installed is installed by tests/run.sh; without it nothing here can be proven.
bool can_run() {
    const auto available = sandbox_available();
    if (available) return true;
    WARN("skipped: " << available.error().message);
    return false;
}

void make_readable(const fs::path& path) {
    fs::permissions(path, fs::perms::others_read | fs::perms::others_exec, fs::perm_options::add);
}

/// A folder with the attacks, beside a file that they must not reach.
class Grounds {
  public:
    Grounds() {
        outside = folder.write("outside/secret", "the host's secret");
        fs::create_directory(spec());
        for (const auto& file : fs::directory_iterator(attacks())) {
            if (file.path().extension() == ".py") fs::copy(file.path(), spec());
        }
        folder.write("spec/targets", outside.string());
        fs::create_symlink(outside, spec() / "link_to_host");
        make_readable(folder.path());
        make_readable(spec());
    }
    static fs::path attacks() { return fs::path(ASSAY_SOURCE_DIR) / "tests/security/attacks"; }
    [[nodiscard]] fs::path spec() const { return folder.path() / "spec"; }

    TemporaryFolder folder;
    fs::path outside;
};

/// The `code` evaluator as a spec binds it.
class Scorer {
  public:
    Scorer(const fs::path& folder, Json parameters) {
        std::vector<ParameterMistake> mistakes;
        bound = BoundEvaluator::bind(*find_evaluator("code"),
                                     {.name = "verdict", .parameters = std::move(parameters)},
                                     mistakes, {.folder = folder});
        for (const ParameterMistake& mistake : mistakes) UNSCOPED_INFO(mistake.message);
        REQUIRE(bound.has_value());
    }
    ~Scorer() { close(); }
    Scorer(const Scorer&) = delete;
    Scorer& operator=(const Scorer&) = delete;

    Evaluation evaluate(const Json& input, const Json& output = "x") {
        UnitResult unit;
        unit.item.id = DatasetItemId("item");
        unit.item.input = input;
        unit.output = output;
        auto prepared = bound->prepare(unit);
        REQUIRE(prepared.request.has_value());
        auto awaited = run_task(
            io, bound->evaluate_async(std::move(*prepared.request), {.deadline = in(k_patience)}));
        log = awaited.log;
        return std::move(awaited.evaluation);
    }
    void close() {
        bound->close();
        io.restart();
        io.run();
    }

    asio::io_context io;
    std::optional<BoundEvaluator> bound;
    std::string log;
};

Json parameters_for(const std::string& script) {
    return {{"command", {"/usr/bin/python3", "-B", script}},
            {"sandbox",
             {{"memory", "128MB"}, {"cpu", "700ms"}, {"wall", "1500ms"}, {"processes", 12}}}};
}

/// Every process that has the folder on its command line or as its own, ours excepted.
std::vector<pid_t> processes_in(const fs::path& folder) {
    std::vector<pid_t> found;
    for (const auto& process : fs::directory_iterator("/proc")) {
        const std::string name = process.path().filename().string();
        const bool is_process = name.find_first_not_of("0123456789") == std::string::npos;
        if (!is_process || name == std::to_string(::getpid())) continue;
        std::error_code gone;  // a process that ended meanwhile
        const std::string cwd = fs::read_symlink(process.path() / "cwd", gone).string();
        std::string command;
        if (FILE* const file = std::fopen((process.path() / "cmdline").c_str(), "r")) {
            command.resize(1 << 16);
            command.resize(std::fread(command.data(), 1, command.size(), file));
            (void)std::fclose(file);
        }
        const bool is_there = cwd.find(folder.string()) != std::string::npos ||
                              command.find(folder.string()) != std::string::npos;
        if (is_there) found.push_back(static_cast<pid_t>(std::stoi(name)));
    }
    return found;
}

/// A kill takes effect in its own time: true when all of them end within a second.
bool all_end(const std::vector<pid_t>& processes) {
    for (const pid_t pid : processes) {
        const int watch = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
        if (watch < 0) continue;
        pollfd event{.fd = watch, .events = POLLIN, .revents = 0};
        const bool ended = ::poll(&event, 1, 1000) == 1;
        ::close(watch);
        if (!ended) return false;
    }
    return true;
}

std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& file : fs::recursive_directory_iterator(folder)) {
        names.push_back(file.path().string());
    }
    std::ranges::sort(names);
    return names;
}

struct Attack {
    const char* name;
    const char* error;  ///< a part of the evaluator error that it ends in
};

constexpr Attack k_attacks[] = {
    {"cpu_of_children", "CPU time"},
    {"cpu_spin", "more than 0.7 s of CPU time"},
    {"crash", "exit code 139"},
    {"deep_json", "no answer in time"},
    {"disk_fill", "No space left on device"},
    {"disk_many_files", "was killed"},
    {"environment", "no canary"},
    {"fake_verdict", "no answer in time"},
    {"fork_bomb", "Resource temporarily unavailable"},
    {"host_files", "stopped"},
    {"host_proc", "only "},
    {"invalid_utf8", "an answer that is not UTF-8"},
    {"io_uring", "Function not implemented"},
    {"kernel", "not permitted"},
    {"keyrings", "not permitted"},
    {"memory", "MemoryError"},
    {"memory_hidden", "not implemented"},
    {"memory_of_many", "more than 128 MB of memory"},
    {"memory_shared", "more than 128 MB of memory"},
    {"mount", "not permitted"},
    {"not_a_number", "no finite number"},
    {"orphan", "ended with exit code 0"},
    {"ptrace", "not permitted"},
    {"same_score_twice", "twice"},
    {"setuid", "not permitted"},
    {"signals", ""},
    {"sleep", "no answer in time"},
    {"stdout_flood", "a line of more than"},
    {"stdout_lines", "was killed"},
    {"stop_itself", "no answer in time"},
    {"symlinks", "No such file"},
    {"terminal", "the program reports"},
    {"too_many_scores", "101 scores"},
    {"type_into_terminal", "not permitted"},
    {"user_namespaces", "not permitted"},
};

bool is_plain(std::string_view text) {
    return terminal_safe(text) == text && text.find('\n') == std::string_view::npos;
}

void expect_stopped(const Grounds& grounds, const Attack& attack) {
    const auto before = names_in(grounds.folder.path());
    Scorer scorer(grounds.spec(), parameters_for(std::string(attack.name) + ".py"));
    CHECK(scorer.evaluate("honest").status == EvaluationStatus::scored);

    const auto began = std::chrono::steady_clock::now();
    const Evaluation attacked = scorer.evaluate("attack");
    const auto took = std::chrono::steady_clock::now() - began;
    CHECK(attacked.status == EvaluationStatus::error);
    CHECK(attacked.scores.empty());
    CHECK_THAT(attacked.message, Catch::Contains(attack.error));
    CHECK(is_plain(attacked.message));
    CHECK(attacked.message.size() < 5000);
    CHECK(took < k_wall + 1s);

    CHECK(scorer.evaluate("honest").status == EvaluationStatus::scored);
    scorer.close();
    CHECK(all_end(processes_in(grounds.folder.path())));
    CHECK(names_in(grounds.folder.path()) == before);
    CHECK(read_text(grounds.outside) == "the host's secret");
}

}  // namespace

TEST_CASE("sandbox: every attack ends as an evaluator error and leaves the host unharmed") {
    if (!can_run()) return;
    REQUIRE(::setenv("CANARY_OF_THE_HOST", "CANARY_OF_THE_HOST", 1) == 0);
    const Grounds grounds;
    for (const Attack& attack : k_attacks) {
        INFO(attack.name);
        expect_stopped(grounds, attack);
    }
}

TEST_CASE("sandbox: every attack has its line in this file") {
    for (const auto& file : fs::directory_iterator(Grounds::attacks())) {
        const std::string name = file.path().stem().string();
        if (file.path().extension() != ".py" || name == "attack") continue;
        INFO(name);
        CHECK((name == "network" || std::ranges::count(k_attacks, name, [](const Attack& attack) {
                                        return std::string(attack.name);
                                    }) == 1));
    }
}

namespace {

/// A socket that accepts connections, at an address of any family.
template <class Address>
int listening(int family, const Address& address, socklen_t size) {
    const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(fd >= 0);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(fd, 16) == 0);
    return fd;
}

}  // namespace

TEST_CASE("sandbox: no socket of the host can be reached") {
    if (!can_run()) return;
    const Grounds grounds;
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int tcp = listening(AF_INET, any, sizeof any);
    socklen_t size = sizeof any;
    REQUIRE(::getsockname(tcp, reinterpret_cast<sockaddr*>(&any), &size) == 0);
    const std::string port = std::to_string(ntohs(any.sin_port));
    grounds.folder.write("spec/port", port);

    sockaddr_un abstract{};
    abstract.sun_family = AF_UNIX;
    const std::string name = "assay-test-" + port;
    name.copy(abstract.sun_path + 1, name.size());
    const int hidden =
        listening(AF_UNIX, abstract,
                  static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size()));
    sockaddr_un file{};
    file.sun_family = AF_UNIX;
    const std::string path = (grounds.spec() / "socket").string();
    REQUIRE(path.size() < sizeof file.sun_path);
    path.copy(file.sun_path, path.size());
    const int named = listening(AF_UNIX, file, sizeof file);
    fs::permissions(path, fs::perms::all);

    expect_stopped(grounds, {"network", "Permission denied"});

    for (const int listener : {tcp, hidden, named}) {
        pollfd event{.fd = listener, .events = POLLIN, .revents = 0};
        CHECK(::poll(&event, 1, 0) == 0);
        ::close(listener);
    }
}

TEST_CASE("sandbox: what a program needs is there") {
    if (!can_run()) return;
    const Grounds grounds;
    grounds.folder.write("spec/helper.py", "WORD = 'helped'\n");
    grounds.folder.write("data/words.txt", "shown");
    make_readable(grounds.folder.path() / "data");
    grounds.folder.write("spec/needs.py", R"(
import json, os, subprocess, sys, tempfile
import helper
for line in sys.stdin:
    item = json.loads(line)
    with tempfile.NamedTemporaryFile("w+") as scratch:
        scratch.write("x" * 1000)
    child = subprocess.run(["sh", "-c", "echo child"], capture_output=True, text=True).stdout
    seen = [helper.WORD, child.strip(), open("../data/words.txt").read(),
            os.environ.get("GIVEN_TO_IT"), os.environ["HOME"], str(os.getuid() != 0)]
    print("a line for the log", flush=True)
    print(json.dumps({"id": item["id"], "scores": [{"value": " ".join(seen)}]}), flush=True)
)");
    REQUIRE(::setenv("GIVEN_TO_IT", "given", 1) == 0);
    Json parameters = parameters_for("needs.py");
    parameters["sandbox"]["read"] = {"../data"};
    parameters["sandbox"]["env"] = {"GIVEN_TO_IT"};
    Scorer scorer(grounds.spec(), parameters);
    const Evaluation evaluation = scorer.evaluate("x");
    INFO(evaluation.message);
    REQUIRE(evaluation.scores.size() == 1);
    CHECK(to_json(evaluation.scores[0].value) == "helped child shown given /tmp True");
    CHECK(scorer.log == "a line for the log\n");
}

TEST_CASE("sandbox: a limit is of one item and not of the worker's life") {
    if (!can_run()) return;
    const Grounds grounds;
    grounds.folder.write("spec/busy.py", R"(
import time
from attack import answer, run
import sys, json
for line in sys.stdin:
    item = json.loads(line)
    begin = time.process_time()
    while time.process_time() - begin < 0.3: pass
    answer(item, scores=[{"value": True}])
)");
    Scorer scorer(grounds.spec(), parameters_for("busy.py"));
    for (int i = 0; i < 5; ++i) {
        const Evaluation evaluation = scorer.evaluate(i);
        INFO(evaluation.message);
        CHECK(evaluation.status == EvaluationStatus::scored);
    }
}

TEST_CASE("sandbox: none runs the program as it is") {
    const Grounds grounds;
    grounds.folder.write("spec/plain.py", R"(
from attack import answer, run
run(lambda item: open("targets").read() and open(open("targets").read()).read())
)");
    Json parameters = parameters_for("plain.py");
    parameters["sandbox"] = "none";
    Scorer scorer(grounds.spec(), parameters);
    const Evaluation evaluation = scorer.evaluate("attack");
    INFO(evaluation.message);
    REQUIRE(evaluation.scores.size() == 1);
    CHECK(evaluation.scores[0].comment == "the host's secret");
}

TEST_CASE("sandbox: a worker that was killed from outside is replaced without a word") {
    if (!can_run()) return;
    const Grounds grounds;
    Scorer scorer(grounds.spec(), parameters_for("sleep.py"));
    CHECK(scorer.evaluate("honest").status == EvaluationStatus::scored);
    for (const pid_t pid : processes_in(grounds.spec())) (void)::kill(pid, SIGKILL);
    CHECK(scorer.evaluate("honest").status == EvaluationStatus::scored);
}

TEST_CASE("sandbox: where it cannot run the entry is refused with the remedy") {
    const Grounds grounds;
    const std::string path = std::getenv("PATH");
    const TemporaryFolder empty;
    REQUIRE(::setenv("PATH", empty.path().c_str(), 1) == 0);
    fs::create_symlink("/usr/bin/true", empty.path() / "true");
    std::vector<ParameterMistake> mistakes;
    const auto bound = BoundEvaluator::bind(
        *find_evaluator("code"), {.name = "verdict", .parameters = parameters_for("sleep.py")},
        mistakes, {.folder = grounds.spec()});
    REQUIRE(::setenv("PATH", path.c_str(), 1) == 0);
    CHECK(!bound);
    REQUIRE(mistakes.size() == 1);
    CHECK(mistakes[0].pointer == "/sandbox");
    CHECK_THAT(mistakes[0].message,
               Catch::Contains("apt-get install bubblewrap") && Catch::Contains("`sandbox: none`"));
}

TEST_CASE("sandbox: parameters that are wrong are named with their place") {
    const auto refused = [](Json parameters) {
        std::vector<ParameterMistake> mistakes;
        const auto bound = BoundEvaluator::bind(*find_evaluator("code"),
                                                {.name = "c", .parameters = std::move(parameters)},
                                                mistakes, {.folder = "/", .will_run = false});
        REQUIRE(!bound);
        REQUIRE(!mistakes.empty());
        return mistakes[0].pointer + " " + mistakes[0].message;
    };
    const auto with = [](Json sandbox) {
        return Json{{"command", {"true"}}, {"sandbox", std::move(sandbox)}};
    };
    CHECK_THAT(refused(Json::object()), Catch::Contains("needs \"command\""));
    CHECK_THAT(refused({{"command", Json::array()}}), Catch::StartsWith("/command"));
    CHECK_THAT(refused(with({{"memory", "much"}})), Catch::Contains("no amount of memory"));
    CHECK_THAT(refused(with({{"memory", "99999999999GB"}})), Catch::Contains("no amount"));
    CHECK_THAT(refused(with({{"memory", "0MB"}})), Catch::Contains("no amount"));
    CHECK_THAT(refused(with({{"cpu", "fast"}})), Catch::StartsWith("/sandbox"));
    CHECK_THAT(refused(with({{"disks", "1MB"}})), Catch::StartsWith("/sandbox"));
    CHECK_THAT(refused(with("open")), Catch::StartsWith("/sandbox"));
    for (const char* path : {"/", "/proc", "/proc/1", "/sys/fs", "/dev/mem", "../.."}) {
        CHECK_THAT(refused(with({{"read", {path}}})), Catch::Contains("the whole machine"));
    }
}

}  // namespace assay::test
