#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "core/base/files.hpp"
#include "evaluator_helpers.hpp"

namespace assay {
namespace {

/// The published solutions of four systems to the 1,319 test questions of GSM8K, with the
/// publishers' own verdicts. The data is not part of the repository.
std::filesystem::path solutions_file() {
    const char* const shared = std::getenv("ASSAY_SHARED");
    const std::filesystem::path folder =
        shared != nullptr ? std::filesystem::path(shared)
                          : std::filesystem::path(ASSAY_SOURCE_DIR) / ".." / "shared";
    return folder / "data" / "gsm8k" / "example_model_solutions.jsonl";
}

struct Tally {
    int correct = 0;
    int not_as_published = 0;
    int unreadable = 0;
    int errors = 0;
};

void count(const Evaluation& evaluation, bool published, Tally& tally) {
    if (evaluation.status != EvaluationStatus::scored) {
        ++tally.errors;
        return;
    }
    const Score& score = evaluation.scores.front();
    const bool correct = std::get<bool>(score.value);
    if (correct) ++tally.correct;
    if (correct != published) ++tally.not_as_published;
    const bool unreadable = score.comment.find("does not match") != std::string::npos ||
                            score.comment.find("is not a number") != std::string::npos;
    if (unreadable) ++tally.unreadable;
}

TEST_CASE("gsm8k: numbers are judged as the publishers did row by row", "[gsm8k]") {
    if (!std::filesystem::exists(solutions_file())) {
        WARN("skipped: no " << solutions_file() << " (set ASSAY_SHARED to the folder with data/)");
        SUCCEED();
        return;
    }
    const Json keys = {{"extract", "A: (.+)"}, {"expected_extract", "A: (.+)"}};
    const auto as_number = test::bound("numeric_match", keys);
    const auto as_text = test::bound("exact_match", keys);
    const std::array<const char*, 4> systems = {"6b_finetuning", "6b_verification",
                                                "175b_finetuning", "175b_verification"};
    std::map<std::string, Tally> numbers;
    std::map<std::string, Tally> texts;
    int rows = 0;
    auto reader = LineReader::open(solutions_file(), limits::k_dataset_row_bytes_max);
    REQUIRE(reader.has_value());
    while (true) {
        const auto line = reader->next();
        REQUIRE(line.has_value());
        if (!line->has_value()) break;
        ++rows;
        const Json row = test::json((*line)->text);
        const DatasetItem item = test::item_expecting(row.at("ground_truth"));
        for (const char* system : systems) {
            const Json& answer = row.at(system);
            const bool published = answer.at("is_correct").get<bool>();
            count(as_number.evaluate(item, answer.at("solution")), published, numbers[system]);
            count(as_text.evaluate(item, answer.at("solution")), published, texts[system]);
        }
    }
    CHECK(rows == 1319);

    CHECK(numbers["6b_finetuning"].correct == 286);
    CHECK(numbers["6b_verification"].correct == 515);
    CHECK(numbers["175b_finetuning"].correct == 458);
    CHECK(numbers["175b_verification"].correct == 742);
    CHECK(texts["6b_finetuning"].correct == 284);
    CHECK(texts["6b_verification"].correct == 513);
    CHECK(texts["175b_finetuning"].correct == 457);
    CHECK(texts["175b_verification"].correct == 737);
    int unreadable = 0;
    for (const auto& [system, tally] : numbers) {
        INFO(system);
        CHECK(tally.not_as_published == 0);
        CHECK(tally.errors == 0);
        unreadable += tally.unreadable;
    }
    CHECK(unreadable == 13);
}

}  // namespace
}  // namespace assay
