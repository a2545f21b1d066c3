#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/model/json_value.hpp"
#include "core/model/quarantine.hpp"
#include "runner/report/reference_run.hpp"

namespace assay {
namespace {

constexpr std::size_t k_shown_digits = 8;  // of a hash

using Texts = std::map<std::string, std::string>;  ///< by name

/// As people see it: text as it is, null and what is missing as "".
std::string shown(const Json* value) {
    if (value == nullptr || value->is_null()) return {};
    return as_text(*value);
}

std::string shown(const Json& value, const std::vector<std::string>& path) {
    return shown(find_path(value, path));
}

std::string short_hash(const Json& value, const std::vector<std::string>& path) {
    return shown(value, path).substr(0, k_shown_digits);
}

/// "tickets.jsonl, version 3, 500 items, 3f9a1c2b"
std::string describe_dataset(const Json& manifest) {
    std::vector<std::string> parts;
    const auto add = [&](const char* format, const std::string& text) {
        if (!text.empty()) parts.push_back(fmt::format(fmt::runtime(format), text));
    };
    add("{}", shown(manifest, {"dataset", "name"}));
    add("version {}", shown(manifest, {"dataset", "version"}));
    add("{} items", shown(manifest, {"dataset", "items"}));
    add("{}", short_hash(manifest, {"dataset", "sha256"}));
    return fmt::format("{}", fmt::join(parts, ", "));
}

/// "judge version 2, 3f9a1c2b"
std::string describe_evaluator(const Json& evaluator) {
    return fmt::format("{} version {}, {}", shown(evaluator, {"type"}),
                       shown(evaluator, {"version"}), short_hash(evaluator, {"hash"}));
}

/// The elements of one of the manifest's lists by their `name`; several of one name are joined.
template <class Describe>
Texts by_name(const Json& manifest, const char* list, Describe describe) {
    std::map<std::string, std::set<std::string>> texts;
    const Json* const elements = find_path(manifest, {list});
    if (elements != nullptr && elements->is_array()) {
        for (const Json& element : *elements) {
            texts[shown(element, {"name"})].insert(describe(element));
        }
    }
    Texts joined;
    for (const auto& [name, all] : texts) joined[name] = fmt::format("{}", fmt::join(all, ", "));
    return joined;
}

/// Which answered, by which was asked for; "" when it is not known.
Texts models_of(const Json& manifest) {
    Texts models;
    const Json* const asked = find_path(manifest, {"models"});
    if (asked == nullptr || !asked->is_object()) return models;
    for (const auto& [name, resolved] : asked->items()) models[name] = shown(&resolved);
    return models;
}

/// The members of the objects of an object, by "OUTER INNER": what the spec sets of each variant's
/// models, what is known of each connection. Hashes are shortened.
Texts members_of(const Json& manifest, const char* part) {
    Texts members;
    const Json* const outer = find_path(manifest, {part});
    if (outer == nullptr || !outer->is_object()) return members;
    for (const auto& [name, inner] : outer->items()) {
        if (!inner.is_object()) continue;
        for (const auto& [key, value] : inner.items()) {
            std::string text = shown(&value);
            if (key.ends_with("sha256")) text.resize(std::min(text.size(), k_shown_digits));
            members[fmt::format("{} {}", name, key)] = std::move(text);
        }
    }
    return members;
}

/// Collects what differs, in the order of asking.
class Differences {
  public:
    Differences(const Json& a, const Json& b) : a_(a), b_(b) {}

    void add(std::string part, std::string a, std::string b) {
        if (a != b) list_.push_back({std::move(part), std::move(a), std::move(b)});
    }
    void add_hash(const char* part, const std::vector<std::string>& path) {
        if (shown(a_, path) != shown(b_, path)) {
            add(part, short_hash(a_, path), short_hash(b_, path));
        }
    }
    void add_value(const char* part, const std::vector<std::string>& path) {
        add(part, shown(a_, path), shown(b_, path));
    }
    void add_named(const std::string& part, const Texts& a, const Texts& b) {
        std::set<std::string> names;
        for (const auto& [name, text] : a) names.insert(name);
        for (const auto& [name, text] : b) names.insert(name);
        const auto text_of = [](const Texts& texts, const std::string& name) {
            const auto found = texts.find(name);
            return found == texts.end() ? std::string() : found->second;
        };
        for (const std::string& name : names) {
            add(fmt::format("{} {}", part, name), text_of(a, name), text_of(b, name));
        }
    }
    [[nodiscard]] std::vector<ManifestDifference> list() && { return std::move(list_); }

  private:
    const Json& a_;
    const Json& b_;
    std::vector<ManifestDifference> list_;
};

/// A model that was asked for on both sides differs only when both know which one answered.
void add_models(Differences& differences, const Json& a, const Json& b) {
    Texts in_a = models_of(a);
    Texts in_b = models_of(b);
    for (auto& [name, resolved] : in_a) {
        const auto other = in_b.find(name);
        const bool unknown = other != in_b.end() && (resolved.empty() || other->second.empty());
        if (unknown) resolved = other->second = name;
        if (resolved.empty()) resolved = name;
    }
    for (auto& [name, resolved] : in_b) {
        if (resolved.empty()) resolved = name;
    }
    differences.add_named("model", in_a, in_b);
}

std::string describe_commit(const Json& manifest) {
    std::string text = shown(manifest, {"git", "commit"}).substr(0, k_shown_digits);
    const std::string branch = shown(manifest, {"git", "branch"});
    if (!branch.empty()) text += fmt::format(" ({})", branch);
    if (shown(manifest, {"git", "dirty"}) == "true") text += ", with changes";
    return text;
}

/// The items that gates do not count: "T-014, T-015 (tone)".
std::string describe_quarantine(const Json& manifest) {
    std::set<std::string> items;
    for (const QuarantinedItem& entry : Quarantine(manifest).items()) {
        const std::string score = entry.score.empty() ? "" : fmt::format(" ({})", entry.score);
        items.insert(entry.item.value() + score);
    }
    return fmt::format("{}", fmt::join(items, ", "));
}

}  // namespace

std::vector<ManifestDifference> manifest_differences(const Json& a, const Json& b) {
    Differences differences(a, b);
    if (shown(a, {"dataset", "sha256"}) != shown(b, {"dataset", "sha256"})) {
        differences.add("dataset", describe_dataset(a), describe_dataset(b));
    }
    differences.add_named("evaluator", by_name(a, "evaluators", describe_evaluator),
                          by_name(b, "evaluators", describe_evaluator));
    const auto prompt = [](const Json& each) { return short_hash(each, {"sha256"}); };
    differences.add_named("prompt", by_name(a, "prompts", prompt), by_name(b, "prompts", prompt));
    add_models(differences, a, b);
    differences.add_named("connection", members_of(a, "connections"), members_of(b, "connections"));
    differences.add_named("parameter", members_of(a, "parameters"), members_of(b, "parameters"));
    differences.add_value("repetitions", {"repetitions"});
    differences.add_value("seed", {"seed"});
    differences.add_hash("spec", {"spec_sha256"});
    differences.add_hash("prices", {"prices_sha256"});
    differences.add("quarantine", describe_quarantine(a), describe_quarantine(b));
    differences.add_value("assay", {"assay"});
    if (shown(a, {"git", "commit"}) != shown(b, {"git", "commit"})) {
        differences.add("git commit", describe_commit(a), describe_commit(b));
    }
    return std::move(differences).list();
}

}  // namespace assay
