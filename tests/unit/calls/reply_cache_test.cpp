#include "judges/calls/reply_cache.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "core/base/random.hpp"
#include "judges/calls/reply_folder.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/calls/cache_support.hpp"
#include "tests/unit/calls/fake_clock.hpp"

namespace assay::test {
namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""ns;
using std::chrono_literals::operator""h;

/// A cache in a folder of its own.
class Cache {
  public:
    explicit Cache(ReplyCache::Limits limits = {}) : Cache(limits, "") {}
    explicit Cache(const fs::path& at) : Cache(ReplyCache::Limits{}, at) {}

    std::string put(const std::string& question, const std::string& answer) {
        const ProviderRequest request = make_question(question);
        const std::string key = key_of(question);
        value_of(cache->put(key, *model, request, make_reply(answer)));
        return key;
    }
    Result<void> try_put(const std::string& question, const std::string& answer) {
        return cache->put(key_of(question), *model, make_question(question), make_reply(answer));
    }
    /// The answer, or "" when there is none.
    std::string find(const std::string& question) {
        const auto found = value_of(cache->find(key_of(question)));
        return found ? found->output.get<std::string>() : std::string();
    }
    [[nodiscard]] std::string key_of(const std::string& question) const {
        const auto key = ReplyCache::key_of(*model, make_question(question));
        REQUIRE(key);
        return *key;
    }
    [[nodiscard]] fs::path file_of(const std::string& question) const {
        return reply_path(folder, key_of(question));
    }
    [[nodiscard]] std::size_t size() const { return value_of(list_replies(folder)).replies.size(); }

    TemporaryFolder temporary;
    fs::path folder;
    FakeClock clock;
    std::unique_ptr<Provider> model = make_model();
    std::unique_ptr<ReplyCache> cache;

  private:
    Cache(ReplyCache::Limits limits, const fs::path& at)
        : folder(at.empty() ? temporary.path() / "cache" : at),
          cache(value_of(ReplyCache::open(folder, limits, clock))) {}
};

void overwrite(const fs::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
}

}  // namespace

TEST_CASE("reply cache: what is kept is found again by a later process", "[cache]") {
    Cache first;
    CHECK_FALSE(fs::exists(first.folder));
    CHECK(first.find("Capital of France?").empty());
    CHECK_FALSE(fs::exists(first.folder));
    const std::string key = first.put("Capital of France?", "Paris");
    CHECK(first.find("Capital of France?") == "Paris");
    CHECK(first.find("Capital of Peru?").empty());

    Cache second(first.folder);
    const auto found = value_of(second.cache->find(key));
    REQUIRE(found);
    CHECK(found->output == "Paris");
    CHECK(found->model == make_reply().model);
    CHECK(found->usage == make_reply().usage);
    CHECK(found->cost == make_reply().cost);
    CHECK_FALSE(found->truncated);
}

TEST_CASE("reply cache: the same replies make the same files anywhere", "[cache]") {
    Cache a;
    Cache b;
    b.clock.move(5000h);
    for (Cache* cache : {&b, &a}) cache->put("Capital of France?", "Paris");
    const fs::path name = fs::relative(a.file_of("Capital of France?"), a.folder);
    CHECK(name.string() == fmt::format("{}/{}.json", a.key_of("Capital of France?").substr(0, 2),
                                       a.key_of("Capital of France?")));
    const std::string text = read_text(a.folder / name);
    CHECK(text == read_text(b.folder / name));
    CHECK(text.find(a.folder.string()) == std::string::npos);
    // Moved to another place, as a CI cache or a checkout does, it is the same cache.
    fs::rename(a.folder, a.temporary.path() / "moved");
    CHECK(Cache(a.temporary.path() / "moved").find("Capital of France?") == "Paris");
}

TEST_CASE("reply cache: a damaged file counts as none and is replaced", "[cache]") {
    Cache cache;
    cache.put("Capital of France?", "Paris");
    const fs::path file = cache.file_of("Capital of France?");
    const std::string text = read_text(file);
    std::string edited = text;
    edited.replace(edited.find("Paris"), 5, "Lyons");
    for (const std::string& damage : {edited, text.substr(0, 100), std::string()}) {
        overwrite(file, damage);
        CHECK(cache.find("Capital of France?").empty());
    }
    cache.put("Capital of France?", "Paris");
    CHECK(cache.find("Capital of France?") == "Paris");
    // A whole reply to another request under this name.
    cache.put("Capital of Peru?", "Lima");
    overwrite(file, read_text(cache.file_of("Capital of Peru?")));
    CHECK(cache.find("Capital of France?").empty());
}

TEST_CASE("reply cache: a file that cannot be read is an error", "[cache]") {
    Cache cache;
    fs::create_directories(cache.file_of("Capital of France?"));
    const auto found = cache.cache->find(cache.key_of("Capital of France?"));
    REQUIRE_FALSE(found);
    CHECK(found.error().code == ErrorCode::unavailable);
    CHECK_THAT(found.error().message,
               Catch::Contains(cache.file_of("Capital of France?").string()));
}

TEST_CASE("reply cache: a folder that cannot be one is refused with the remedy", "[cache]") {
    const TemporaryFolder folder;
    const fs::path file = folder.write("file", "");
    const FakeClock clock;
    for (const fs::path& path : {file, file / "cache"}) {
        const auto opened = ReplyCache::open(path, {}, clock);
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == ErrorCode::unavailable);
        CHECK_THAT(opened.error().message,
                   Catch::Contains(path.string()) && Catch::Contains("--cache-dir"));
    }
}

TEST_CASE("reply cache: a folder that cannot be written still gives its replies", "[cache]") {
    const TemporaryFolder folder;
    const SmallDisk disk(folder.path(), "size=4m");
    if (!disk.is_mounted()) {
        WARN("not run: mounting a small file system needs root");
        return;
    }
    Cache cache(folder.path());
    cache.put("Capital of France?", "Paris");
    REQUIRE(disk.make_read_only());
    cache.clock.move(100h);
    CHECK(cache.find("Capital of France?") == "Paris");
    const auto kept = cache.try_put("Capital of Peru?", "Lima");
    REQUIRE_FALSE(kept);
    CHECK(kept.error().code == ErrorCode::permission_denied);
    CHECK_THAT(kept.error().message, Catch::Contains("read-only"));
    cache.clock.move(limits::k_cache_age_max);
    CHECK_FALSE(cache.cache->trim());
    CHECK(cache.size() == 1);
}

TEST_CASE("reply cache: a full disk costs the reply that has no room and nothing else", "[cache]") {
    const TemporaryFolder folder;
    const SmallDisk disk(folder.path(), "size=1m");
    if (!disk.is_mounted()) {
        WARN("not run: mounting a small file system needs root");
        return;
    }
    Cache cache(folder.path());
    Result<void> kept;
    int count = 0;
    for (; kept && count < 1000; ++count) {
        kept = cache.try_put(fmt::format("question {}", count), std::string(20'000, 'x'));
    }
    REQUIRE_FALSE(kept);
    CHECK(kept.error().code == ErrorCode::resource_exhausted);
    const auto found = value_of(list_replies(cache.folder));
    CHECK(found.replies.size() == static_cast<std::size_t>(count - 1));
    CHECK(found.unfinished.empty());
    for (int i = 0; i + 1 < count; ++i) {
        CHECK(cache.find(fmt::format("question {}", i)).size() == 20'000);
    }
    value_of(remove_reply(cache.file_of("question 0")));
    cache.put(fmt::format("question {}", count - 1), "now there is room");
}

TEST_CASE("reply cache: a shard that is a file is an error of the one reply", "[cache]") {
    Cache cache;
    cache.put("Capital of Peru?", "Lima");
    const std::string shard = cache.key_of("Capital of France?").substr(0, 2);
    REQUIRE(shard != cache.key_of("Capital of Peru?").substr(0, 2));
    overwrite(cache.folder / shard, "in the way");
    CHECK_FALSE(cache.try_put("Capital of France?", "Paris"));
    CHECK(cache.size() == 1);
    CHECK(read_text(cache.folder / shard) == "in the way");
}

TEST_CASE("reply cache: the size of a file is bounded on both sides", "[cache]") {
    constexpr std::uint64_t k_bytes_max = 10'000;
    Cache cache({.file_bytes_max = k_bytes_max});
    cache.put("", "");
    const std::size_t room = k_bytes_max - fs::file_size(cache.file_of(""));
    cache.put("", std::string(room, 'x'));
    CHECK(fs::file_size(cache.file_of("")) == k_bytes_max);
    CHECK(cache.find("").size() == room);
    const auto kept = cache.try_put("", std::string(room + 1, 'y'));
    REQUIRE_FALSE(kept);
    CHECK(kept.error().code == ErrorCode::resource_exhausted);
    CHECK(cache.find("").front() == 'x');
    // Somebody else's file past the bound is not read.
    std::ofstream(cache.file_of(""), std::ios::app) << ' ';
    CHECK(cache.find("").empty());
}

TEST_CASE("reply cache: trimming removes what is older than the bound and nothing younger",
          "[cache]") {
    Cache cache({.age_max = 24h});
    cache.put("old", "1");
    cache.clock.move(1ns);
    cache.put("young", "2");
    cache.clock.move(24h);
    value_of(cache.cache->trim());
    CHECK(cache.find("old").empty());
    CHECK(cache.find("young") == "2");
    CHECK(cache.size() == 1);
}

TEST_CASE("reply cache: trimming keeps exactly what fits", "[cache]") {
    Cache measured;
    std::uint64_t bytes = 0;
    for (const char* question : {"a", "b", "c"}) {
        measured.put(question, "x");
        bytes += fs::file_size(measured.file_of(question));
    }
    for (const std::uint64_t missing : {std::uint64_t{0}, std::uint64_t{1}}) {
        Cache cache({.bytes_max = bytes - missing});
        for (const char* question : {"b", "c", "a"}) {
            cache.clock.move(2h);
            cache.put(question, "x");
        }
        value_of(cache.cache->trim());
        CHECK(cache.size() == 3 - missing);
        CHECK(cache.find("b").empty() == (missing == 1));
    }
}

TEST_CASE("reply cache: a hit counts as use", "[cache]") {
    Cache cache({.age_max = 10h});
    cache.put("asked again", "1");
    cache.put("forgotten", "2");
    cache.clock.move(9h);
    CHECK(cache.find("asked again") == "1");
    cache.clock.move(2h);
    value_of(cache.cache->trim());
    CHECK(cache.find("asked again") == "1");
    CHECK(cache.find("forgotten").empty());
}

TEST_CASE("reply cache: hits are noted once in a while", "[cache]") {
    Cache cache;
    cache.put("a", "1");
    const auto recorded = used_of(cache.file_of("a"));
    cache.clock.move(limits::k_cache_use_precision - 1ns);
    CHECK(cache.find("a") == "1");
    CHECK(used_of(cache.file_of("a")) == recorded);
    cache.clock.move(1ns);
    CHECK(cache.find("a") == "1");
    CHECK(used_of(cache.file_of("a")) == cache.clock.now());
}

TEST_CASE("reply cache: who keeps nothing removes nothing", "[cache]") {
    Cache cache;
    cache.put("a", "1");
    cache.clock.move(limits::k_cache_age_max + 1h);
    const auto reader = value_of(ReplyCache::open(cache.folder, {}, cache.clock));
    value_of(reader->trim());
    CHECK(cache.size() == 1);
    value_of(cache.cache->trim());
    CHECK(cache.size() == 0);
}

TEST_CASE("reply cache: a clock that went back removes nothing", "[cache]") {
    Cache cache({.age_max = 1h});
    cache.put("a", "1");
    cache.clock.move(-50'000h);
    value_of(cache.cache->trim());
    CHECK(cache.find("a") == "1");
}

TEST_CASE("reply cache: a file of any year is no trouble", "[cache]") {
    Cache cache;
    cache.clock.move(24h * 365 * 56);
    for (const char* question : {"ancient", "far away", "now"}) cache.put(question, "x");
    const auto set_year = [&](const char* question, int year) {
        timespec time{};
        time.tv_sec = std::int64_t{year - 1970} * 31'556'952;
        const timespec times[2] = {time, time};
        REQUIRE(::utimensat(AT_FDCWD, cache.file_of(question).c_str(), times, 0) == 0);
    };
    set_year("ancient", 1850);
    set_year("far away", 2400);
    value_of(cache.cache->trim());
    CHECK_FALSE(fs::exists(cache.file_of("ancient")));
    CHECK(cache.find("far away") == "x");
    CHECK(cache.find("now") == "x");
}

TEST_CASE("reply cache: files that are being written stay until their writer is gone", "[cache]") {
    Cache cache;
    cache.put("a", "1");
    const fs::path shard = cache.file_of("a").parent_path();
    const fs::path writing = cache.file_of("a").string() + ".4711.0.tmp";
    const fs::path given_up = cache.file_of("a").string() + ".4712.0.tmp";
    overwrite(writing, "half");
    overwrite(given_up, "half");
    cache.clock.move(limits::k_cache_age_max + 1h);
    set_used(writing, cache.clock.now() - limits::k_cache_unfinished_age_max);
    set_used(given_up, cache.clock.now() - limits::k_cache_unfinished_age_max - 1ns);
    value_of(cache.cache->trim());
    CHECK(cache.size() == 0);
    CHECK(fs::exists(writing));
    CHECK_FALSE(fs::exists(given_up));
}

TEST_CASE("reply cache: files of others are left alone", "[cache]") {
    Cache cache;
    cache.put("a", "1");
    const fs::path shard = cache.file_of("a").parent_path();
    const std::string key = cache.key_of("a");
    const std::string other_shard = key.starts_with("00") ? "11" : "00";
    fs::create_directories(cache.folder / other_shard);
    const std::vector<fs::path> others = {cache.folder / "README.md",
                                          cache.folder / (key + ".json"),
                                          shard / "notes.json",
                                          shard / (key + ".json.orig"),
                                          shard / (key.substr(1) + ".json"),
                                          cache.folder / other_shard / (key + ".json")};
    for (const fs::path& other : others) overwrite(other, "mine");
    fs::create_directory_symlink(shard, cache.folder / "ab-link");
    cache.clock.move(limits::k_cache_age_max + 1h);
    value_of(cache.cache->trim());
    for (const fs::path& other : others) CHECK(fs::exists(other));
    CHECK(cache.size() == 0);
}

TEST_CASE("reply cache: a long run stays near the bound by itself", "[cache]") {
    constexpr std::uint64_t k_bytes_max = 200'000;
    Cache cache({.bytes_max = k_bytes_max});
    std::uint64_t most = 0;
    for (int i = 0; i < 600; ++i) {
        cache.clock.move(std::chrono::seconds(1));
        cache.put(fmt::format("question {}", i), std::string(1000, 'x'));
        if (i % 10 != 9) continue;
        std::uint64_t bytes = 0;
        for (const auto& file : value_of(list_replies(cache.folder)).replies) bytes += file.bytes;
        most = std::max(most, bytes);
    }
    CHECK(most > k_bytes_max);
    CHECK(most <= k_bytes_max + k_bytes_max / 8 + 5000);
    CHECK(cache.find("question 0").empty());
    CHECK_FALSE(cache.find("question 599").empty());
}

namespace {

/// What each of several processes does: keeps, finds, removes, tidies, all on the same few keys.
int disturb(const fs::path& folder, std::uint64_t seed) {
    Rng rng(seed);
    const FakeClock clock;
    const auto model = make_model();
    const auto opened = ReplyCache::open(folder, {.bytes_max = 10'000}, clock);
    if (!opened) return 1;
    for (int i = 0; i < 400; ++i) {
        const std::string question = fmt::format("question {}", rng.next_below(12));
        const ProviderRequest request = make_question(question);
        const std::string key = ReplyCache::key_of(*model, request).value();
        const auto action = rng.next_below(10);
        if (action == 0 && !remove_reply(reply_path(folder, key))) return 2;
        if (action == 1 && !(*opened)->trim()) return 3;
        const std::string answer = question + " " + std::string(rng.next_below(3000), 'x');
        if (action > 5 && !(*opened)->put(key, *model, request, make_reply(answer))) return 4;
        const auto found = (*opened)->find(key);
        if (!found) return 5;
        if (*found && !(*found)->output.get<std::string>().starts_with(question + " ")) return 6;
    }
    return 0;
}

}  // namespace

TEST_CASE("reply cache: several processes at a time share a folder", "[cache]") {
    const std::uint64_t seed = seed_of_test();
    CAPTURE(seed);
    const TemporaryFolder folder;
    std::vector<pid_t> children;
    for (std::uint64_t i = 0; i < 4; ++i) {
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) ::_exit(disturb(folder.path(), seed + i));
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 0);
    }
    const Cache cache(folder.path());
    const ReplyFolder found = value_of(list_replies(folder.path()));
    CHECK(found.unfinished.empty());
    for (const ReplyFileInfo& file : found.replies) {
        CHECK(value_of(cache.cache->find(file.key)).has_value());
    }
}

TEST_CASE("reply cache: no key or secret is ever in a file", "[cache]") {
    const TemporaryFolder folder;
    const FakeClock clock;
    const auto cache = value_of(ReplyCache::open(folder.path(), {}, clock));
    ProviderSettings settings;
    settings.base_url = "https://me:canary-password@127.0.0.1/v1?key=canary-query#canary-part";
    settings.api_key = Secret("canary-api-key");
    settings.headers = {{"X-Key", Secret("canary-header")}};
    settings.options = {{"token", "canary-option"}, {"key", "canary-api-key"}};
    const auto model = make_provider("openai-compatible", std::move(settings));
    const ProviderRequest question = make_question();
    const auto put = [&](const Provider& provider, const ProviderRequest& request) {
        const auto key = ReplyCache::key_of(provider, request);
        REQUIRE(key);
        value_of(cache->put(*key, provider, request, make_reply()));
    };
    put(*model, question);

    ServiceRequest service;
    service.http.url = "https://127.0.0.1/canary-path/ask?q=canary%22quoted%2F";
    service.http.headers.push_back({"Authorization", Secret("Basic canary-written-out")});
    service.http.headers.push_back({"X-Key", Secret("canary-header")});
    service.http.body = R"({"a":"canary\"quoted/","b":["canary-path and canary-path"]})";
    for (const char* secret : {"canary-path", "canary-header", "canary\"quoted/"}) {
        service.secrets.emplace_back(secret);
    }
    ProviderRequest request;
    request.service = std::move(service);
    put(*make_provider("http", {}), request);

    const ReplyFolder found = value_of(list_replies(folder.path()));
    CHECK(found.replies.size() == 2);
    for (const ReplyFileInfo& file : found.replies) {
        CHECK_THAT(read_text(file.path), !Catch::Contains("canary"));
    }
}

}  // namespace assay::test
