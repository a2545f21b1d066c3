#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/text.hpp"
#include "runner/sources/document.hpp"
#include "runner/sources/prompt_source.hpp"

namespace assay {
namespace {

constexpr const char* k_path = "/v2/prompts";

std::string prompt_path(const std::string& name) {
    return fmt::format("{}/{}", k_path, percent_encode(name));
}

Result<PromptRecord> prompt_from(const OrderedJson& json, const ApiClient& client) {
    constexpr std::string_view k_what = "a prompt";
    PromptRecord prompt;
    prompt.id = PromptId(text_of(json, "id").value_or(""));
    ASSAY_TRY(prompt.name, needed_text(json, "name", k_what, client));
    const auto version = integer_of(json, "version");
    const OrderedJson& content = member_of(json, "prompt");
    if (!version || (!content.is_string() && !content.is_array())) {
        return failure(ErrorCode::unavailable,
                       fmt::format("{} tells of the prompt \"{}\" without its version or content",
                                   client.place(), terminal_safe(prompt.name)));
    }
    prompt.version = *version;
    prompt.type = text_of(json, "type").value_or(content.is_string() ? "text" : "chat");
    prompt.content = Json(content);
    if (const OrderedJson& config = member_of(json, "config"); !config.is_null()) {
        prompt.config = Json(config);
    }
    prompt.labels = texts_of(json, "labels");
    prompt.tags = texts_of(json, "tags");
    prompt.commit_message = text_of(json, "commitMessage");
    prompt.created_by = text_of(json, "createdBy").value_or("");
    prompt.created = time_of(json, "createdAt").value_or(Time{});
    prompt.updated = time_of(json, "updatedAt").value_or(prompt.created);
    return prompt;
}

OrderedJson body_of(const NewPrompt& prompt) {
    OrderedJson body;
    body["name"] = prompt.name;
    body["type"] = prompt.type;
    body["prompt"] = prompt.content;
    body["config"] = prompt.config;
    body["labels"] = prompt.labels;
    if (prompt.tags) body["tags"] = *prompt.tags;
    if (prompt.commit_message) body["commitMessage"] = *prompt.commit_message;
    return body;
}

class PromptsOfServer final : public PromptSource {
  public:
    explicit PromptsOfServer(std::unique_ptr<ApiClient> client) : client_(std::move(client)) {}

    Result<std::vector<PromptSummary>> list() override {
        ASSAY_TRY(const auto rows, client_->all(k_path, {}, "name"));
        std::vector<PromptSummary> prompts;
        for (const OrderedJson& row : rows) {
            PromptSummary prompt;
            ASSAY_TRY(prompt.name, needed_text(row, "name", "a prompt", *client_));
            prompt.type = text_of(row, "type").value_or("text");
            for (const OrderedJson& version : list_of(row, "versions")) {
                if (version.is_number_integer()) {
                    prompt.versions.push_back(version.get<std::int64_t>());
                }
            }
            std::ranges::sort(prompt.versions);
            prompt.labels = texts_of(row, "labels");
            prompt.tags = texts_of(row, "tags");
            prompt.updated = time_of(row, "lastUpdatedAt").value_or(Time{});
            prompts.push_back(std::move(prompt));
        }
        std::ranges::sort(prompts, {}, &PromptSummary::name);
        return prompts;
    }

    Result<std::optional<PromptRecord>> find(const std::string& name,
                                             const PromptSelector& selector) override {
        QueryFields query = {{"resolve", "false"}};
        if (selector.version) query.emplace_back("version", std::to_string(*selector.version));
        if (selector.label) query.emplace_back("label", *selector.label);
        ASSAY_TRY(const auto found, client_->find(api_target(prompt_path(name), query)));
        if (!found) return std::nullopt;
        ASSAY_TRY(PromptRecord prompt, prompt_from(*found, *client_));
        return prompt;
    }

    std::string why_empty() const override {
        return fmt::format(
            "{} has no prompts of this project yet: `assay prompts push DIR` and "
            "its clients make them.",
            client_->place());
    }

    Result<void> change(const Work& work) override { return work(); }
    bool is_all_or_nothing() const override { return false; }

    Result<PromptRecord> add(const NewPrompt& prompt) override {
        ASSAY_TRY(const std::int64_t before, newest_version(prompt.name));
        for (int attempt = 1;; ++attempt) {
            const auto answer =
                client_->send("POST", k_path, body_of(prompt), ApiClient::Repeat::never);
            if (answer) return prompt_from(*answer, *client_);
            if (!client_->wait_to_repeat(answer.error(), attempt)) {
                return std::unexpected(answer.error());
            }
            // It may have arrived although the answer did not.
            ASSAY_TRY(auto newest, find(prompt.name, {.label = k_latest_label}));
            const bool is_made =
                newest && newest->version > before && newest->content == prompt.content;
            if (is_made) return std::move(*newest);
        }
    }

    Result<void> add_labels(const std::string& name, std::int64_t version,
                            const std::vector<std::string>& labels) override {
        OrderedJson body;
        body["newLabels"] = labels;
        ASSAY_TRY(const auto labelled,
                  client_->send("PATCH", fmt::format("{}/versions/{}", prompt_path(name), version),
                                body, ApiClient::Repeat::as_reads));
        return {};
    }

  private:
    Result<std::int64_t> newest_version(const std::string& name) {
        ASSAY_TRY(const auto newest, find(name, {.label = k_latest_label}));
        return newest ? newest->version : 0;
    }

    std::unique_ptr<ApiClient> client_;
};

}  // namespace

std::unique_ptr<PromptSource> prompts_of_server(std::unique_ptr<ApiClient> client) {
    return std::make_unique<PromptsOfServer>(std::move(client));
}

}  // namespace assay
