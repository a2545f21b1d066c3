#include "runner/report/calibration.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "core/base/hash.hpp"
#include "core/base/text.hpp"
#include "core/stats/interval.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

LabelledOutput output_of(int number, ScoreValue label, ScoreValue judged,
                         std::string slice = "de") {
    return {.item_id = fmt::format("item-{:04}", number),
            .output = output_digest(number),
            .label = std::move(label),
            .judged = std::move(judged),
            .comment = "because of " + std::to_string(number),
            .slices = {std::move(slice)}};
}

/// What a judge makes of 100 outputs: 45 of 50 true ones and 40 of 50 false ones are called so.
std::vector<LabelledOutput> boolean_outputs() {
    std::vector<LabelledOutput> outputs;
    for (int i = 0; i < 100; ++i) {
        const bool is_true = i < 50;
        const bool judged = is_true ? i < 45 : i >= 90;
        outputs.push_back(output_of(i, is_true, judged, i % 2 == 0 ? "de" : "en"));
    }
    return outputs;
}

CalibrationFacts facts_of(ScoreDataType type) {
    return {.judge = "tone",
            .evaluator_hash = sha256_hex("tone"),
            .type = "rubric",
            .model = "openai:gpt-4.1",
            .score = "tone",
            .data_type = type,
            .made = parse_rfc3339("2026-11-02T10:00:00Z").value(),
            .labels_file = "labels.csv",
            .labels_sha256 = sha256_hex("labels"),
            .run_id = "r1",
            .slices = {"metadata.lang"},
            .order = {},
            .seed = 7,
            .unjudged = {.errors = 2, .skipped = 1, .no_output = 3}};
}

const AgreementFigure& figure(const Agreement& agreement, const char* name) {
    const AgreementFigure* const found = agreement.find(name);
    REQUIRE(found != nullptr);
    return *found;
}

TEST_CASE("calibration: a judge of true and false is described by its rates and kappa") {
    const Calibration calibration =
        calibrate(facts_of(ScoreDataType::boolean), boolean_outputs()).value();
    const Agreement& whole = calibration.whole;
    CHECK(whole.outputs == 100);
    REQUIRE(whole.matrix);
    CHECK(whole.matrix->labels == std::vector<std::string>{"false", "true"});
    CHECK(whole.matrix->counts == std::vector<std::vector<std::uint64_t>>{{40, 10}, {5, 45}});
    CHECK(figure(whole, "accuracy").value == Approx(0.85));
    // By hand: the agreement is 0.85, by chance 0.5 * 0.45 + 0.5 * 0.55 = 0.5.
    CHECK(figure(whole, "kappa").value == Approx(0.7));
    CHECK(figure(whole, "sensitivity").value == Approx(0.9));
    CHECK(figure(whole, "specificity").value == Approx(0.8));
    // Five misses are rare, ten false alarms are not.
    const Interval rare = clopper_pearson({45, 50}, 0.95).value();
    CHECK(figure(whole, "sensitivity").interval->method == "Clopper-Pearson");
    CHECK(figure(whole, "sensitivity").interval->low == rare.low);
    const Interval usual = wilson({40, 50}, 0.95).value();
    CHECK(figure(whole, "specificity").interval->method == "Wilson");
    CHECK(figure(whole, "specificity").interval->low == usual.low);
    CHECK(figure(whole, "kappa").interval->low < 0.7);
    CHECK(figure(whole, "kappa").interval->high > 0.7);
    CHECK(calibration.disagreements == 15);
    CHECK(calibration.accuracy().sensitivity.successes == 45);
    CHECK(calibration.accuracy().specificity.trials == 50);
}

TEST_CASE("calibration: slices are described by themselves") {
    const Calibration calibration =
        calibrate(facts_of(ScoreDataType::boolean), boolean_outputs()).value();
    REQUIRE(calibration.slices.size() == 2);
    CHECK(calibration.slices[0].path == "metadata.lang");
    CHECK(calibration.slices[0].value == "de");
    CHECK(calibration.slices[1].value == "en");
    CHECK(calibration.slices[0].agreement.outputs + calibration.slices[1].agreement.outputs == 100);
    // Of the true ones 45 to 49, three in "en".
    CHECK(figure(calibration.slices[1].agreement, "sensitivity").value == Approx(22.0 / 25));
}

TEST_CASE("calibration: outputs on which they disagree come first") {
    const Calibration calibration =
        calibrate(facts_of(ScoreDataType::boolean), boolean_outputs()).value();
    for (std::size_t i = 0; i < calibration.outputs.size(); ++i) {
        CHECK(agree(calibration.outputs[i]) == (i >= 15));
    }
    CHECK(calibration.outputs.front().item_id == "item-0045");
}

TEST_CASE("calibration: full agreement has a lower bound and no false certainty") {
    std::vector<LabelledOutput> outputs;
    for (int i = 0; i < 40; ++i) outputs.push_back(output_of(i, i % 2 == 0, i % 2 == 0));
    const Calibration calibration = calibrate(facts_of(ScoreDataType::boolean), outputs).value();
    const AgreementFigure& kappa = figure(calibration.whole, "kappa");
    CHECK(kappa.value == 1);
    REQUIRE(kappa.interval);
    // The agreement is at least 0.9119 (40 of 40, exact), by chance it is one half.
    const Interval agreement = clopper_pearson({40, 40}, 0.95).value();
    CHECK(kappa.interval->low == Approx((agreement.low - 0.5) / 0.5));
    CHECK(kappa.interval->high == 1);
    CHECK(calibration.disagreements == 0);
}

TEST_CASE("calibration: labels that are all the same give no kappa") {
    std::vector<LabelledOutput> outputs;
    for (int i = 0; i < 20; ++i) outputs.push_back(output_of(i, true, true));
    const Calibration calibration = calibrate(facts_of(ScoreDataType::boolean), outputs).value();
    CHECK(calibration.whole.find("kappa") == nullptr);
    CHECK(calibration.whole.find("specificity") == nullptr);
    CHECK(figure(calibration.whole, "sensitivity").value == 1);
}

TEST_CASE("calibration: categories have a recall each and weigh by their order") {
    const std::vector<std::string> words = {"bad", "fair", "good"};
    std::vector<LabelledOutput> outputs;
    for (int i = 0; i < 60; ++i) {
        const auto label = static_cast<std::size_t>(i % 3);
        const bool off = i < 12;
        outputs.push_back(
            output_of(i, words[label], words[off ? std::min(label + 1, std::size_t{2}) : label]));
    }
    CalibrationFacts facts = facts_of(ScoreDataType::categorical);
    const Calibration plain = calibrate(facts, outputs).value();
    CHECK(figure(plain.whole, "recall.bad").value == Approx(16.0 / 20));
    CHECK(figure(plain.whole, "recall.good").value == 1);
    facts.order = words;
    const Calibration ordered = calibrate(facts, outputs).value();
    CHECK(ordered.whole.matrix->labels == words);
    CHECK(figure(ordered.whole, "kappa").value > figure(plain.whole, "kappa").value);
}

TEST_CASE("calibration: numbers are described by correlations and distance and bias") {
    std::vector<LabelledOutput> outputs;
    for (int i = 0; i < 60; ++i) {
        const double label = 1 + (i * 7) % 5;
        outputs.push_back(output_of(i, label, label + 0.5 + 0.25 * (i % 3)));
    }
    const Calibration calibration = calibrate(facts_of(ScoreDataType::numeric), outputs).value();
    const Agreement& whole = calibration.whole;
    CHECK(figure(whole, "bias").value == Approx(0.75));
    CHECK(figure(whole, "mean_absolute_error").value == Approx(0.75));
    CHECK(figure(whole, "pearson").value > 0.95);
    CHECK(whole.find("kappa") == nullptr);  // no scale with steps
    CHECK_FALSE(whole.matrix);
    // The largest distance comes first.
    CHECK(as_number(calibration.outputs.front().judged) -
              as_number(calibration.outputs.front().label) ==
          Approx(1.0));
}

TEST_CASE("calibration: whole numbers are a scale with steps in numeric order") {
    std::vector<LabelledOutput> outputs;
    for (int i = 0; i < 60; ++i) {
        const double label = 1 + i % 10;
        outputs.push_back(output_of(i, label, std::min(10.0, label + (i % 4 == 0 ? 1 : 0))));
    }
    const Calibration calibration = calibrate(facts_of(ScoreDataType::numeric), outputs).value();
    REQUIRE(calibration.whole.matrix);
    CHECK(calibration.whole.matrix->labels.front() == "1");
    CHECK(calibration.whole.matrix->labels.back() == "10");
    CHECK(figure(calibration.whole, "kappa").value > 0.9);
}

TEST_CASE("calibration: full agreement on a scale is bounded by the worst that may have been") {
    std::vector<LabelledOutput> outputs;
    for (int i = 0; i < 60; ++i) {
        const double label = i % 3 - 1;  // −1, 0, 1
        outputs.push_back(output_of(i, label, i % 3 == 1 ? -0.0 : label));
    }
    const Calibration calibration = calibrate(facts_of(ScoreDataType::numeric), outputs).value();
    const AgreementFigure& kappa = figure(calibration.whole, "kappa");
    CHECK(kappa.value == 1);
    // A third each: by chance (4 * 1/4 + 2 * 1) / 9 of the widest disagreement.
    const double at_most = 1 - clopper_pearson({60, 60}, 0.95)->low;
    CHECK(kappa.interval->low == Approx(1 - at_most / (3.0 / 9)));
}

TEST_CASE("calibration: too few outputs are refused") {
    CHECK_FALSE(calibrate(facts_of(ScoreDataType::boolean), {}));
    CHECK_FALSE(calibrate(facts_of(ScoreDataType::boolean), {output_of(1, true, true)}));
}

TEST_CASE("calibration: the document holds all of it and gives it back") {
    for (const ScoreDataType type : {ScoreDataType::boolean, ScoreDataType::numeric}) {
        std::vector<LabelledOutput> outputs = boolean_outputs();
        if (type == ScoreDataType::numeric) {
            for (LabelledOutput& output : outputs) {
                output.label = as_number(output.label);
                output.judged = as_number(output.judged) + 0.125;
            }
        }
        const Calibration calibration = calibrate(facts_of(type), outputs).value();
        const std::string document = calibration_document(calibration);
        const auto read = calibration_from_text(document, "tone.json");
        REQUIRE(read);
        CHECK(calibration_document(*read) == document);
        CHECK(read->sha256 == sha256_hex(document));
        CHECK(read->facts.unjudged.no_output == 3);
        CHECK(read->outputs.size() == 100);
        CHECK(calibration_document(calibrate(facts_of(type), outputs).value()) == document);
    }
}

TEST_CASE("calibration: a document that is not whole is refused with the place") {
    const std::string document = calibration_document(
        calibrate(facts_of(ScoreDataType::boolean), boolean_outputs()).value());
    const auto problem = [](const std::string& text) {
        const auto read = calibration_from_text(text, "tone.json");
        return read ? std::string() : read.error().message;
    };
    const auto with = [&](const std::string& from, const std::string& to) {
        std::string text = document;
        const std::size_t at = text.find(from);
        REQUIRE(at != std::string::npos);
        return text.replace(at, from.size(), to);
    };
    CHECK(problem(document).empty());
    CHECK(problem("{}").find("tone.json is no calibration") != std::string::npos);
    CHECK_FALSE(problem("[1").empty());
    CHECK(problem(with("\"assay_calibration\":1", "\"assay_calibration\":2")).find("newer assay") !=
          std::string::npos);
    CHECK(problem(with("\"judge\":\"tone\"", "\"judge\":7")).find("`judge`") != std::string::npos);
    CHECK(problem(with("\"outputs\":100", "\"outputs\":99")).find("`labelled` has 100") !=
          std::string::npos);
    CHECK(problem(with("\"label\":true", "\"label\":\"yes\"")).find("labelled[0]: `label`") !=
          std::string::npos);
    CHECK(problem(with("\"data_type\":\"BOOLEAN\"", "\"data_type\":\"NUMERIC\""))
              .find("labelled[0]") != std::string::npos);
    CHECK(problem(with("\"counts\":[[40,10],[5,45]]", "\"counts\":[[40,10]]")).find("`counts`") !=
          std::string::npos);
}

TEST_CASE("calibration: a damaged document is refused or read and nothing else") {
    const std::string document = calibration_document(
        calibrate(facts_of(ScoreDataType::boolean), boolean_outputs()).value());
    const std::uint64_t seed = test::seed_of_test();
    CAPTURE(seed);
    Rng random(seed);
    int refused = 0;
    for (int round = 0; round < 2'000; ++round) {
        std::string text = document;
        const std::size_t at = random.next_below(text.size());
        switch (random.next_below(3)) {
            case 0: text[at] = static_cast<char>(random.next_below(128)); break;
            case 1: text.erase(at, 1 + random.next_below(40)); break;
            default: text.insert(at, text.substr(random.next_below(text.size()), 12)); break;
        }
        const auto read = calibration_from_text(text, "tone.json");
        if (read) {
            CHECK_FALSE(calibration_to_text(*read, 80).empty());
            (void)read->accuracy();
        } else {
            ++refused;
        }
    }
    CHECK(refused > 1'000);
}

TEST_CASE("calibration: people read it in 80 columns") {
    std::vector<LabelledOutput> outputs = boolean_outputs();
    for (LabelledOutput& output : outputs) {
        output.item_id += "-with-a-very-long-name-that-somebody-gave-it";
        output.comment = std::string(500, 'x') + "\x1b[31mred";
    }
    const Calibration calibration =
        calibrate(facts_of(ScoreDataType::boolean), std::move(outputs)).value();
    const std::string text = calibration_to_text(calibration, 80);
    for (const std::string_view line : split(text, '\n')) CHECK(display_width(line) <= 80);
    CHECK(text.find("kappa") != std::string::npos);
    CHECK(text.find("people \\ judge") != std::string::npos);
    CHECK(text.find("They disagree on 15 of 100 outputs, of which these 10:") != std::string::npos);
    CHECK(text.find("Not compared: 6 labels (the judge broke on 2") != std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
    const std::string markdown = calibration_to_markdown(calibration);
    CHECK(markdown.find("| kappa |") != std::string::npos);
}

}  // namespace
}  // namespace assay
