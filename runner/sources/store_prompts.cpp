#include <fmt/format.h>

#include <limits>
#include <utility>

#include "core/base/clock.hpp"
#include "runner/sources/project_choice.hpp"
#include "runner/sources/prompt_source.hpp"

namespace assay {
namespace {

class PromptsOfStore final : public PromptSource {
  public:
    PromptsOfStore(std::unique_ptr<Database> database, ProjectId project, std::int64_t row,
                   std::string place)
        : database_(std::move(database)),
          project_(std::move(project)),
          row_(row),
          place_(std::move(place)) {}

    Result<std::vector<PromptSummary>> list() override {
        ASSAY_TRY(PromptPage page,
                  list_prompts(session(), row_, {}, 0, std::numeric_limits<std::int64_t>::max()));
        return std::move(page.prompts);
    }
    Result<std::optional<PromptRecord>> find(const std::string& name,
                                             const PromptSelector& selector) override {
        return read_prompt(session(), row_, name, selector);
    }
    std::string why_empty() const override {
        return fmt::format(
            "No prompts are stored in {} yet: `assay prompts push DIR` and clients of `assay "
            "serve` make them.",
            place_);
    }

    /// In one transaction.
    Result<void> change(const Work& work) override {
        return database_->transact([&]() -> Result<void> {
            ASSAY_TRY(row_, database_->writer().ensure_project(project_));
            is_changing_ = true;
            auto done = work();
            is_changing_ = false;
            return done;
        });
    }
    bool is_all_or_nothing() const override { return true; }
    Result<PromptRecord> add(const NewPrompt& prompt) override {
        return add_prompt(database_->writer(), row_, prompt, SystemClock().now());
    }
    Result<void> add_labels(const std::string& name, std::int64_t version,
                            const std::vector<std::string>& labels) override {
        ASSAY_TRY(const auto labelled, add_prompt_labels(database_->writer(), row_, name, version,
                                                         labels, SystemClock().now()));
        if (labelled) return {};
        return failure(ErrorCode::not_found,
                       fmt::format("the version {} of a prompt is gone", version));
    }

  private:
    /// Only the writer sees what it has written and not yet committed.
    Session& session() { return is_changing_ ? database_->writer() : database_->reader(); }

    std::unique_ptr<Database> database_;
    ProjectId project_;
    std::int64_t row_;
    std::string place_;
    bool is_changing_ = false;
};

}  // namespace

Result<std::unique_ptr<PromptSource>> prompts_of_store(const std::string& folder,
                                                       const std::string& project,
                                                       Database::Missing missing) {
    ASSAY_TRY(auto database, Database::open(folder, missing));
    ASSAY_TRY(ProjectId chosen, choose_project(database->reader(), project));
    ASSAY_TRY(const std::int64_t row, database->reader().find_project(chosen));
    std::string place = describe_place(chosen, folder);
    return std::make_unique<PromptsOfStore>(std::move(database), std::move(chosen), row,
                                            std::move(place));
}

}  // namespace assay
