#include "server/store/shared_text.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "server/store/payload.hpp"

namespace assay::test {

TEST_CASE("shared text: phrases that enough samples have are kept and others are not", "[store]") {
    std::vector<std::string> samples;
    for (std::size_t i = 0; i < k_samples_sharing; ++i) {
        samples.push_back(fmt::format("You answer in one word. Question {}x: how far is it?", i));
    }
    const auto kept = keep_shared_text(samples);
    REQUIRE(kept.size() == samples.size());
    CHECK(kept.front() == "You answer in one word. Question : how far is it?");

    samples.pop_back();
    for (const std::string& text : keep_shared_text(samples)) CHECK(text.empty());
}

TEST_CASE("shared text: a phrase that one sample repeats is not shared", "[store]") {
    std::string repeated;
    for (std::size_t i = 0; i < 10 * k_samples_sharing; ++i) repeated += "the canary sings. ";
    const std::vector<std::string> samples(1, repeated);
    CHECK(keep_shared_text(samples).front().empty());
}

TEST_CASE("shared text: short and empty and binary samples do no harm", "[store]") {
    const std::vector<std::string> samples = {
        "", "a", " ", "a b", std::string(1000, '\0'), std::string("\xff\xfe\x80 \x01", 5)};
    CHECK(keep_shared_text(samples).size() == samples.size());
    CHECK(keep_shared_text({}).empty());
}

TEST_CASE("shared text: what is learnt from it knows no single document", "[store]") {
    std::vector<std::string> samples;
    for (int i = 0; i < 2000; ++i) {
        samples.push_back(fmt::format(
            R"({{"role":"system","content":"You help customers of the shop with their parcels, )"
            R"(politely and in short sentences, about {} things."}},)"
            R"({{"customer":"canary{}","step-{}":"ok"}})",
            i % 100, i, i % 40));
    }
    const std::string dictionary = train_dictionary(keep_shared_text(samples));
    REQUIRE_FALSE(dictionary.empty());
    CHECK(dictionary.find("shop") != std::string::npos);
    CHECK(dictionary.find("canary") == std::string::npos);
    CHECK(train_dictionary(samples).find("canary") != std::string::npos);
}

}  // namespace assay::test
