#include <catch2/catch.hpp>

#include "server/resources/limits.hpp"
#include "server/resources/prompt_compose.hpp"
#include "server/resources/prompt_rules.hpp"
#include "server/resources/prompt_store.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay::test {

namespace {

using Names = std::vector<std::string>;

Time second(int number) {
    return parse_rfc3339("2026-01-01T00:00:00Z").value() + std::chrono::seconds(number);
}

NewPrompt text_prompt(const std::string& name, const std::string& text, Names labels = {}) {
    return {.name = name,
            .type = "text",
            .content = text,
            .created_by = "API",
            .labels = std::move(labels)};
}

/// A project's prompts.
class PromptStore {
  public:
    PromptStore() : database_(Database::open(folder_.path(), Database::Missing::create).value()) {}

    Result<PromptRecord> add(NewPrompt prompt, int at = 0) {
        std::optional<PromptRecord> made;
        const auto done = database_->transact([&]() -> Result<void> {
            ASSAY_TRY(made,
                      add_prompt(database_->writer(), k_project, std::move(prompt), second(at)));
            return {};
        });
        if (!done) return std::unexpected(done.error());
        return *made;
    }
    Result<PromptRecord> add(const std::string& name, const std::string& text, Names labels = {},
                             int at = 0) {
        return add(text_prompt(name, text, std::move(labels)), at);
    }
    std::optional<PromptRecord> label(const std::string& name, std::int64_t version,
                                      const Names& labels, int at = 0) {
        std::optional<PromptRecord> prompt;
        REQUIRE(database_->transact([&]() -> Result<void> {
            ASSAY_TRY(prompt, add_prompt_labels(database_->writer(), k_project, name, version,
                                                labels, second(at)));
            return {};
        }));
        return prompt;
    }
    Result<std::int64_t> remove(const std::string& name, const PromptSelector& selector = {}) {
        std::int64_t removed = 0;
        const auto done = database_->transact([&]() -> Result<void> {
            ASSAY_TRY(removed,
                      remove_prompts(database_->writer(), k_project, name, selector, second(100)));
            return {};
        });
        if (!done) return std::unexpected(done.error());
        return removed;
    }
    std::optional<PromptRecord> read(const std::string& name, const PromptSelector& selector,
                                     std::int64_t project = k_project) {
        return read_prompt(database_->reader(), project, name, selector).value();
    }
    std::optional<PromptRecord> version(const std::string& name, std::int64_t number) {
        return read(name, {.version = number});
    }
    std::optional<PromptRecord> labelled(const std::string& name, const std::string& label) {
        return read(name, {.label = label});
    }
    Result<ResolvedPrompt> resolve(const std::string& name, const PromptSelector& selector) {
        return resolve_prompt(database_->reader(), k_project, *read(name, selector));
    }
    PromptPage list(const PromptFilter& filter, std::int64_t offset = 0, std::int64_t limit = 50) {
        return list_prompts(database_->reader(), k_project, filter, offset, limit).value();
    }
    Session& reader() { return database_->reader(); }

    static constexpr std::int64_t k_project = 7;

  private:
    TemporaryFolder folder_;
    std::unique_ptr<Database> database_;
};

std::string message_of(const auto& result) { return result ? "" : result.error().message; }

Names names_of(const PromptPage& page) {
    Names names;
    for (const PromptSummary& prompt : page.prompts) names.push_back(prompt.name);
    return names;
}

}  // namespace

TEST_CASE("prompts: versions count up and what is stored is read back", "[resources]") {
    PromptStore store;
    NewPrompt prompt = text_prompt("folder/greeting \"a\"", "Hello {{name}}", {"production", "a"});
    prompt.config = {{"model", "gpt-4o"}, {"deep", {1, nullptr, "x"}}};
    prompt.commit_message = "first";
    prompt.tags = Names{"b", "a", "b"};
    const PromptRecord made = store.add(prompt, 5).value();
    CHECK(made.version == 1);
    CHECK(store.add("folder/greeting \"a\"", "Hi", {}, 6)->version == 2);
    CHECK(store.add("other", "x", {}, 6)->version == 1);
    const PromptRecord read = store.version("folder/greeting \"a\"", 1).value();
    CHECK(read.id == made.id);
    CHECK(read.type == "text");
    CHECK(read.content == "Hello {{name}}");
    CHECK(read.config == prompt.config);
    CHECK(read.created_by == "API");
    CHECK(read.commit_message == "first");
    CHECK(read.labels == Names{"a", "production"});
    CHECK(read.tags == Names{"b", "a"});
    CHECK(read.created == second(5));
    CHECK(read.updated == second(6));  // it lost `latest`
    CHECK_FALSE(store.version("other", 1)->commit_message);
    CHECK_FALSE(store.version("other", 2));
    CHECK_FALSE(store.read("other", {.version = 1}, PromptStore::k_project + 1));
    CHECK(find_prompt(store.reader(), PromptStore::k_project, "other", 1).value() ==
          store.version("other", 1)->id);
    CHECK_FALSE(find_prompt(store.reader(), PromptStore::k_project, "other", 9).value());
    CHECK_FALSE(find_prompt(store.reader(), PromptStore::k_project + 1, "other", 1).value());
}

TEST_CASE("prompts: a label stands at one version and latest at the newest", "[resources]") {
    PromptStore store;
    REQUIRE(store.add("p", "1", {"production"}, 1));
    CHECK(store.labelled("p", "production")->version == 1);
    CHECK(store.labelled("p", "latest")->version == 1);
    CHECK(store.version("p", 1)->labels == Names{"production", "latest"});
    REQUIRE(store.add("p", "2", {}, 2));
    CHECK(store.labelled("p", "production")->version == 1);
    CHECK(store.labelled("p", "latest")->version == 2);
    REQUIRE(store.add("p", "3", {"production", "staging"}, 3));
    CHECK(store.labelled("p", "production")->version == 3);
    CHECK(store.version("p", 1)->labels.empty());

    const auto moved = store.label("p", 1, {"production"}, 4);
    REQUIRE(moved);
    CHECK(moved->labels == Names{"production"});
    CHECK(moved->updated == second(4));
    CHECK(store.version("p", 3)->labels == Names{"staging", "latest"});
    CHECK(store.version("p", 3)->updated == second(4));
    CHECK(store.version("p", 2)->updated == second(3));
    CHECK(store.label("p", 1, {"blue"})->labels == Names{"blue", "production"});  // beside
    CHECK_FALSE(store.label("p", 4, {"blue"}));
    CHECK_FALSE(store.label("q", 1, {"blue"}));
    CHECK_FALSE(store.labelled("p", "red"));
    CHECK(store.read("p", {.version = 1, .label = "blue"}));
    CHECK_FALSE(store.read("p", {.version = 2, .label = "blue"}));
}

TEST_CASE("prompts: tags belong to the name and stay when none are given", "[resources]") {
    PromptStore store;
    NewPrompt first = text_prompt("p", "1");
    first.tags = Names{"x", "y"};
    REQUIRE(store.add(first, 1));
    CHECK(store.add("p", "2", {}, 2)->tags == Names{"x", "y"});
    CHECK(store.version("p", 1)->updated == second(2));  // latest moved
    NewPrompt third = text_prompt("p", "3");
    third.tags = Names{"z"};
    REQUIRE(store.add(third, 3));
    CHECK(store.version("p", 1)->tags == Names{"z"});
    CHECK(store.version("p", 1)->updated == second(3));
    NewPrompt fourth = text_prompt("p", "4");
    fourth.tags = Names{};
    CHECK(store.add(fourth, 4)->tags.empty());
    NewPrompt fifth = text_prompt("p", "5");
    fifth.tags = Names{"z", "a", "z", "m"};
    CHECK(store.add(fifth, 5)->tags == Names{"z", "a", "m"});  // as they came
}

TEST_CASE("prompts: all versions of a name have one type", "[resources]") {
    PromptStore store;
    REQUIRE(store.add("p", "1"));
    NewPrompt chat = text_prompt("p", "");
    chat.type = "chat";
    chat.content = Json::array({{{"role", "user"}, {"content", "Hi"}}});
    CHECK(message_of(store.add(chat)).starts_with("Previous versions have different prompt type"));
    CHECK_FALSE(store.version("p", 2));
}

TEST_CASE("prompts: removing a version gives latest to the newest that is left", "[resources]") {
    PromptStore store;
    for (const char* text : {"1", "2", "3"}) REQUIRE(store.add("p", text));
    REQUIRE(store.label("p", 2, {"production"}));
    CHECK(store.remove("p", {.version = 9}) == 0);
    CHECK(store.remove("p", {.label = "none"}) == 0);
    CHECK(store.remove("p", {.version = 3, .label = "production"}) == 0);
    CHECK(store.remove("q") == 0);
    CHECK(store.remove("p", {.version = 3}) == 1);
    CHECK(store.labelled("p", "latest")->version == 2);
    CHECK(store.remove("p", {.label = "production"}) == 1);
    CHECK_FALSE(store.labelled("p", "production"));
    CHECK(store.labelled("p", "latest")->version == 1);
    CHECK(store.add("p", "2 again")->version == 2);
    CHECK(store.remove("p") == 2);
    CHECK(store.list({}).total == 0);
    CHECK(store.add("p", "anew")->version == 1);
}

TEST_CASE("prompts: nothing that a prompt refers to can be removed", "[resources]") {
    PromptStore store;
    REQUIRE(store.add("base \"b\"", "1", {"production"}));
    REQUIRE(store.add("base \"b\"", "2"));
    REQUIRE(store.add("user", "see @@@langfusePrompt:name=base \"b\"|label=production@@@"));
    NewPrompt chat = text_prompt("chat", "");
    chat.type = "chat";
    chat.content = Json::array(
        {{{"role", "user"}, {"content", "@@@langfusePrompt:name=base \"b\"|version=2@@@"}}});
    REQUIRE(store.add(chat));
    CHECK(message_of(store.remove("base \"b\"", {.version = 1})).contains("user v1"));
    CHECK(message_of(store.remove("base \"b\"", {.version = 2})).contains("chat v1"));
    CHECK(message_of(store.remove("base \"b\"")).contains("chat v1, user v1"));
    CHECK(store.version("base \"b\"", 1));
    REQUIRE(store.remove("user") == 1);
    CHECK(store.remove("base \"b\"", {.version = 1}) == 1);
    REQUIRE(store.remove("chat") == 1);
    CHECK(store.remove("base \"b\"") == 1);
}

TEST_CASE("prompts: references are replaced by what they refer to", "[resources]") {
    PromptStore store;
    REQUIRE(store.add("tone", "be kind", {"production"}));
    REQUIRE(store.add("rules", "Rules: @@@langfusePrompt:name=tone|label=production@@@."));
    REQUIRE(store.add("p",
                      "A @@@langfusePrompt:name=rules|version=1@@@ B "
                      "@@@langfusePrompt:name=tone|label=production@@@"));
    const auto resolved = store.resolve("p", {.version = 1}).value();
    CHECK(resolved.content == "A Rules: be kind. B be kind");
    const auto id = [&](const std::string& name, std::int64_t number) {
        return store.version(name, number)->id.value();
    };
    const OrderedJson tone = {{"name", "tone"}, {"version", 1}, {"id", id("tone", 1)}};
    const OrderedJson rules = {{"name", "rules"}, {"version", 1}, {"id", id("rules", 1)}};
    CHECK(resolved.graph["root"] ==
          OrderedJson({{"name", "p"}, {"version", 1}, {"id", id("p", 1)}}));
    CHECK(resolved.graph["dependencies"][id("p", 1)] == OrderedJson::array({rules, tone}));
    CHECK(resolved.graph["dependencies"][id("rules", 1)] == OrderedJson::array({tone}));
    CHECK(resolved.graph["dependencies"].size() == 2);

    REQUIRE(store.add("tone", "be brief", {"production"}));  // a label is looked up when read
    CHECK(store.resolve("p", {.version = 1})->content == "A Rules: be brief. B be brief");
    CHECK(store.resolve("tone", {.version = 1})->graph.is_null());

    NewPrompt chat = text_prompt("chat", "");
    chat.type = "chat";
    chat.content =
        Json::array({{{"role", "system"}, {"content", "@@@langfusePrompt:name=tone|version=1@@@!"}},
                     {{"type", "placeholder"}, {"name", "history"}}});
    REQUIRE(store.add(chat));
    const auto messages = store.resolve("chat", {.version = 1})->content;
    CHECK(messages[0]["content"] == "be kind!");
    CHECK(messages[1] == chat.content[1]);
}

TEST_CASE("prompts: a reference that cannot be resolved is refused", "[resources]") {
    PromptStore store;
    NewPrompt chat = text_prompt("chat", "");
    chat.type = "chat";
    chat.content = Json::array({{{"role", "user"}, {"content", "Hi"}}});
    REQUIRE(store.add(chat));
    REQUIRE(store.add("a", "text", {"production"}));
    const auto refusal = [&](const std::string& name, const std::string& reference) {
        return message_of(store.add(name, "@@@langfusePrompt:name=" + reference + "@@@"));
    };
    CHECK(refusal("p", "none|version=1").contains("not found: 'none' with version 1"));
    CHECK(refusal("p", "a|version=2").contains("not found: 'a' with version 2"));
    CHECK(refusal("p", "a|label=blue").contains("not found: 'a' with label 'blue'"));
    CHECK(refusal("p", "chat|version=1").contains("not a text prompt"));
    CHECK(refusal("p", "p|version=1").contains("Circular"));
    CHECK(refusal("a", "a|version=1").contains("Circular"));
    CHECK_FALSE(store.version("p", 1));
    CHECK(refusal("b", "a|label=production").empty());
    CHECK(refusal("a", "b|version=1").contains("Circular"));
    // Each of the two was fine when it was made: a moved label closes the circle.
    REQUIRE(store.add("c", "plain", {"production"}));
    REQUIRE(store.add("d", "plain", {"production"}));
    REQUIRE(store.add("c", "@@@langfusePrompt:name=d|version=1@@@"));
    REQUIRE(store.add("d", "@@@langfusePrompt:name=c|label=production@@@"));
    CHECK(store.resolve("d", {.version = 2})->content == "plain");
    REQUIRE(store.label("c", 2, {"production"}));
    CHECK(store.resolve("d", {.version = 2}).error().message.contains("Circular"));
}

TEST_CASE("prompts: references go so deep and so far", "[resources]") {
    PromptStore store;
    const auto reference = [](const std::string& name) {
        return "@@@langfusePrompt:name=" + name + "|version=1@@@";
    };
    REQUIRE(store.add("p0", "bottom"));
    for (std::size_t i = 1; i < limits::k_prompt_depth_max; ++i) {
        REQUIRE(store.add("p" + std::to_string(i), reference("p" + std::to_string(i - 1))));
    }
    CHECK(message_of(store.add("too deep", reference("p4"))).contains("nesting depth"));

    std::string many;
    for (std::size_t i = 0; i < limits::k_prompt_references_max; ++i) many += reference("p0");
    REQUIRE(store.add("many", many));
    CHECK(message_of(store.add("more", many + reference("p0"))).contains("references"));

    REQUIRE(store.add("long", std::string(limits::k_prompt_bytes_max / 4, 'x')));
    std::string four;
    for (int i = 0; i < 4; ++i) four += reference("long");
    REQUIRE(store.add("four", four));
    CHECK(message_of(store.add("five", four + "x")).contains("longer than"));
}

TEST_CASE("prompts: what only looks like a reference is text", "[resources]") {
    const auto found = [](const std::string& text) { return find_prompt_references(text).size(); };
    CHECK(found("@@@langfusePrompt:name=a|version=1@@@") == 1);
    CHECK(found("@@@langfusePrompt:name=a|label=b@@@@@@langfusePrompt:name=a|label=c@@@") == 2);
    CHECK(found("@@@langfusePrompt:name=a@@@") == 0);
    CHECK(found("@@@langfusePrompt:name=|version=1@@@") == 0);
    CHECK(found("@@@langfusePrompt:version=1|name=a@@@") == 0);
    CHECK(found("@@@langfusePrompt:name=a|version=x@@@") == 0);
    CHECK(found("@@@langfusePrompt:name=a|version=1x@@@") == 0);
    CHECK(found("@@@langfusePrompt:name=a|version=99999999999999999999@@@") == 0);
    CHECK(found("@@@langfusePrompt:name=a|label=@@@") == 0);
    CHECK(found("@@@langfusePrompt:name=a|version=1|label=b@@@") == 0);
    CHECK(found("@@@langfusePrompt:name=a|version=1") == 0);
    CHECK(found("@@@langfusePrompt:@@@langfusePrompt:name=a|version=1@@@") == 1);
    PromptStore store;
    REQUIRE(store.add("p", "@@@langfusePrompt:name=a@@@"));
    CHECK(store.resolve("p", {.version = 1})->content == "@@@langfusePrompt:name=a@@@");
}

TEST_CASE("prompts: a list tells names with the versions that fit", "[resources]") {
    PromptStore store;
    NewPrompt alpha = text_prompt("alpha", "1", {"production"});
    alpha.tags = Names{"x"};
    alpha.config = {{"n", 1}};
    REQUIRE(store.add(alpha, 10));
    alpha.labels = {"staging"};
    alpha.config = {{"n", 2}};
    REQUIRE(store.add(alpha, 20));
    REQUIRE(store.add("beta", "1", {}, 30));
    REQUIRE(store.add("gamma", "1", {"production"}, 40));

    const PromptPage all = store.list({});
    CHECK(all.total == 3);
    CHECK(names_of(all) == Names{"alpha", "beta", "gamma"});
    CHECK(all.prompts[0].versions == std::vector<std::int64_t>{1, 2});
    CHECK(all.prompts[0].labels == Names{"production", "staging", "latest"});
    CHECK(all.prompts[0].tags == Names{"x"});
    CHECK(all.prompts[0].type == "text");
    CHECK(all.prompts[0].updated == second(20));
    CHECK(all.prompts[0].last_config == Json({{"n", 2}}));

    CHECK(names_of(store.list({}, 1, 1)) == Names{"beta"});
    CHECK(store.list({}, 5, 1).prompts.empty());
    CHECK(store.list({}, 5, 1).total == 3);
    CHECK(names_of(store.list({.name = "beta"})) == Names{"beta"});
    CHECK(store.list({.name = "bet"}).total == 0);
    CHECK(names_of(store.list({.tag = "x"})) == Names{"alpha"});
    CHECK(names_of(store.list({.updated_from = second(30)})) == Names{"beta", "gamma"});
    CHECK(store.list({.updated_to = second(20)}).total == 0);
    CHECK(names_of(store.list({.updated_to = second(21)})) == Names{"alpha"});
    CHECK(names_of(store.list({.version = 2})) == Names{"alpha"});
    CHECK(store.list({.version = 1}).prompts[0].last_config == Json({{"n", 1}}));
    const PromptPage production = store.list({.label = "production"});
    CHECK(names_of(production) == Names{"alpha", "gamma"});
    CHECK(production.prompts[0].versions == std::vector<std::int64_t>{1});
    CHECK(production.prompts[0].labels == Names{"production"});
    CHECK(production.prompts[0].last_config == Json({{"n", 1}}));
    CHECK(list_prompts(store.reader(), PromptStore::k_project + 1, {}, 0, 10)->total == 0);
}

TEST_CASE("prompts: names and labels follow rules", "[resources]") {
    for (const char* name : {"a", "folder/a", "a b?+%", "ümlaut", "new/x", "a/new"}) {
        INFO(name);
        CHECK(check_prompt_name(name).has_value());
    }
    for (const char* name :
         {"", "a|b", "/a", "a/", "a//b", "new", "metrics", "prompt-detail", "/"}) {
        INFO(name);
        CHECK_FALSE(check_prompt_name(name).has_value());
    }
    CHECK(check_prompt_name(std::string(limits::k_prompt_name_characters_max, 'x')).has_value());
    CHECK_FALSE(
        check_prompt_name(std::string(limits::k_prompt_name_characters_max + 1, 'x')).has_value());
    for (const char* label : {"a", "prod-a", "v1.2_x", "0"}) {
        CHECK(check_prompt_label(label).has_value());
    }
    for (const char* label : {"", "A", "a b", "ä", "a/b"}) {
        CHECK_FALSE(check_prompt_label(label).has_value());
    }
    CHECK(check_prompt_label(std::string(36, 'x')).has_value());
    CHECK_FALSE(check_prompt_label(std::string(37, 'x')).has_value());
}

TEST_CASE("prompts: contents are a text or messages", "[resources]") {
    CHECK(normalise_prompt("text", "x").value() == "x");
    CHECK_FALSE(normalise_prompt("text", Json::array()).has_value());
    CHECK_FALSE(normalise_prompt("text", nullptr).has_value());
    CHECK_FALSE(normalise_prompt("chat", "x").has_value());
    CHECK(normalise_prompt("chat", Json::array()).value() == Json::array());
    const Json plain = {{"role", "user"}, {"content", "Hi {{name}}"}};
    Json typed = plain;
    typed["type"] = "chatmessage";
    const Json placeholder = {{"type", "placeholder"}, {"name", "history"}};
    CHECK(normalise_prompt("chat", Json::array({typed, placeholder})).value() ==
          Json::array({plain, placeholder}));
    const auto refused = [](Json message) {
        return !normalise_prompt("chat", Json::array({std::move(message)})).has_value();
    };
    CHECK(refused("x"));
    CHECK(refused({{"role", "user"}}));
    CHECK(refused({{"role", 1}, {"content", "x"}}));
    CHECK(refused({{"role", "user"}, {"content", nullptr}}));
    CHECK(refused({{"type", "placeholder"}}));
    CHECK(refused({{"type", "placeholder"}, {"name", ""}}));
    const auto with_variable = [&](const std::string& text) {
        return normalise_prompt("chat",
                                Json::array({{{"role", "user"}, {"content", text}}, placeholder}));
    };
    CHECK(message_of(with_variable("{{history}}")).contains("history"));
    CHECK(message_of(with_variable("a {{b}} {{ history }}")).contains("history"));
    CHECK(with_variable("{{history2}} {history} {{history").has_value());
}

}  // namespace assay::test
