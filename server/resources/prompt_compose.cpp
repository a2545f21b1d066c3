#include "server/resources/prompt_compose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/base/text.hpp"
#include "server/resources/limits.hpp"
#include "server/store/row_values.hpp"

namespace assay {
namespace {

constexpr std::string_view k_begin = "@@@langfusePrompt:";
constexpr std::string_view k_end = "@@@";

constexpr const char* k_with_text =
    "SELECT name, version, content FROM prompts WHERE project = ?1 AND instr(content, ?2) > 0 "
    "ORDER BY name, version";

std::unexpected<Error> invalid(std::string message) {
    return failure(ErrorCode::invalid_argument, std::move(message));
}

/// "name=NAME|version=3".
std::optional<PromptReference> parse_reference(std::string_view text) {
    const auto parts = split(text, '|');
    if (parts.size() != 2 || !parts[0].starts_with("name=")) return std::nullopt;
    PromptReference reference;
    reference.name = std::string(parts[0].substr(5));
    if (reference.name.empty()) return std::nullopt;
    std::string_view which = parts[1];
    if (which.starts_with("label=") && which.size() > 6) {
        reference.selector.label = std::string(which.substr(6));
        return reference;
    }
    if (!which.starts_with("version=")) return std::nullopt;
    which.remove_prefix(8);
    std::int64_t version = 0;
    const char* const end = which.data() + which.size();
    const auto [stop, code] = std::from_chars(which.data(), end, version);
    if (code != std::errc() || stop != end) return std::nullopt;
    reference.selector.version = version;
    return reference;
}

OrderedJson node_of(const PromptRecord& prompt) {
    return {{"name", prompt.name}, {"version", prompt.version}, {"id", prompt.id.value()}};
}

std::string describe(const PromptReference& reference) {
    return reference.selector.label
               ? fmt::format("'{}' with label '{}'", reference.name, *reference.selector.label)
               : fmt::format("'{}' with version {}", reference.name, *reference.selector.version);
}

/// One resolution: what it has read and written so far, and the way to where it is.
class Resolution {
  public:
    Resolution(Session& session, std::int64_t project, const PromptRecord& root)
        : session_(session), project_(project), root_(root), path_{root.id} {}

    Result<std::string> expand(const PromptRecord& owner, std::string_view text);
    [[nodiscard]] OrderedJson graph() && {
        if (dependencies_.empty()) return nullptr;
        return {{"root", node_of(root_)}, {"dependencies", std::move(dependencies_)}};
    }

  private:
    Result<PromptRecord> follow(const PromptReference& reference);
    void note(const PromptRecord& owner, const PromptRecord& part);

    Session& session_;
    std::int64_t project_;
    const PromptRecord& root_;
    std::vector<PromptId> path_;
    std::size_t references_ = 0;
    std::size_t bytes_ = 0;
    OrderedJson dependencies_ = OrderedJson::object();
};

Result<PromptRecord> Resolution::follow(const PromptReference& reference) {
    if (++references_ > limits::k_prompt_references_max) {
        return invalid(
            fmt::format("Prompt '{}' has more than {} references, with those in what it "
                        "refers to",
                        root_.name, limits::k_prompt_references_max));
    }
    if (path_.size() >= limits::k_prompt_depth_max) {
        return invalid(fmt::format("Maximum nesting depth exceeded ({}) at prompt dependency {}",
                                   limits::k_prompt_depth_max, describe(reference)));
    }
    ASSAY_TRY(auto found, read_prompt(session_, project_, reference.name, reference.selector));
    // A prompt that refers to any version of itself would change what it says when it is
    // relabelled.
    const bool is_circle = reference.name == root_.name ||
                           (found && std::ranges::find(path_, found->id) != path_.end());
    if (is_circle) {
        return invalid(
            fmt::format("Circular dependency detected: prompt dependency {} leads back "
                        "to where it came from",
                        describe(reference)));
    }
    if (!found) return invalid(fmt::format("Prompt dependency not found: {}", describe(reference)));
    if (found->type != "text") {
        return invalid(
            fmt::format("Prompt dependency is not a text prompt: {}", describe(reference)));
    }
    return std::move(*found);
}

void Resolution::note(const PromptRecord& owner, const PromptRecord& part) {
    OrderedJson& parts = dependencies_[owner.id.value()];
    if (parts.is_null()) parts = OrderedJson::array();
    OrderedJson node = node_of(part);
    if (std::ranges::find(parts, node) == parts.end()) parts.push_back(std::move(node));
}

Result<std::string> Resolution::expand(const PromptRecord& owner, std::string_view text) {
    std::string expanded;
    std::size_t at = 0;
    // What is written here, in all expansions together, is what comes out in the end.
    const auto append = [&](std::string_view piece) -> Result<void> {
        expanded += piece;
        bytes_ += piece.size();
        if (bytes_ <= limits::k_prompt_bytes_max) return {};
        return invalid(fmt::format("Prompt '{}' is longer than {} bytes with all that it refers to",
                                   root_.name, limits::k_prompt_bytes_max));
    };
    for (const PromptReference& reference : find_prompt_references(text)) {
        ASSAY_CHECK(append(text.substr(at, reference.begin - at)));
        ASSAY_TRY(const PromptRecord part, follow(reference));
        note(owner, part);
        path_.push_back(part.id);
        ASSAY_TRY(const std::string inner,
                  expand(part, part.content.get_ref<const std::string&>()));
        path_.pop_back();
        expanded += inner;
        at = reference.end;
    }
    ASSAY_CHECK(append(text.substr(at)));
    return expanded;
}

bool refers_to(const PromptReference& reference, const Referred& referred) {
    if (reference.name != referred.name) return false;
    return reference.selector.label
               ? std::ranges::find(referred.labels, *reference.selector.label) !=
                     referred.labels.end()
               : std::ranges::find(referred.versions, *reference.selector.version) !=
                     referred.versions.end();
}

}  // namespace

std::vector<PromptReference> find_prompt_references(std::string_view text) {
    std::vector<PromptReference> references;
    std::size_t at = 0;
    while ((at = text.find(k_begin, at)) != std::string_view::npos) {
        const std::size_t inner = at + k_begin.size();
        const std::size_t end = text.find(k_end, inner);
        if (end == std::string_view::npos) break;
        auto reference = parse_reference(text.substr(inner, end - inner));
        if (!reference) {
            at = inner;
            continue;
        }
        reference->begin = at;
        reference->end = at = end + k_end.size();
        references.push_back(std::move(*reference));
    }
    return references;
}

std::vector<PromptReference> references_of(const Json& content) {
    if (content.is_string()) return find_prompt_references(content.get_ref<const std::string&>());
    std::vector<PromptReference> references;
    for (const Json& message : content) {
        const auto text = message.find("content");
        if (text == message.end() || !text->is_string()) continue;
        std::ranges::move(find_prompt_references(text->get_ref<const std::string&>()),
                          std::back_inserter(references));
    }
    return references;
}

Result<ResolvedPrompt> resolve_prompt(Session& session, std::int64_t project,
                                      const PromptRecord& prompt) {
    Resolution resolution(session, project, prompt);
    Json content = prompt.content;
    if (content.is_string()) {
        ASSAY_TRY(content, resolution.expand(prompt, prompt.content.get_ref<const std::string&>()));
        return ResolvedPrompt{std::move(content), std::move(resolution).graph()};
    }
    for (Json& message : content) {
        const auto text = message.find("content");
        if (text == message.end() || !text->is_string()) continue;
        ASSAY_TRY(*text, resolution.expand(prompt, text->get_ref<const std::string&>()));
    }
    return ResolvedPrompt{std::move(content), std::move(resolution).graph()};
}

Result<std::vector<std::string>> prompts_that_refer_to(Session& session, std::int64_t project,
                                                       const Referred& referred) {
    // Contents are stored as JSON, so what is searched for is written as in JSON.
    std::string needle = to_text(Json(std::string(k_begin) + "name=" + std::string(referred.name)));
    needle = needle.substr(1, needle.size() - 2);
    std::vector<std::string> found;
    ASSAY_TRY(Rows rows,
              session.connection().query(k_with_text, project, std::string_view(needle)));
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return found;
        const std::string name(rows.bytes(0));
        const std::int64_t version = rows.integer(1);
        const bool is_one_of_them =
            name == referred.name &&
            std::ranges::find(referred.versions, version) != referred.versions.end();
        if (is_one_of_them) continue;
        ASSAY_TRY(const Json content, json_at(rows, 2));
        const auto references = references_of(content);
        if (std::ranges::any_of(references, [&](const PromptReference& reference) {
                return refers_to(reference, referred);
            })) {
            found.push_back(fmt::format("{} v{}", name, version));
        }
    }
}

}  // namespace assay
