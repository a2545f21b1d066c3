#include "runner/cli/run_reference.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "core/base/diagnostic.hpp"

namespace assay {
namespace {

Result<RunRecord> run_or_baseline(const std::string& name, const Store& store) {
    const auto baseline = store.find_baseline(name);
    return store.find_run(baseline ? baseline->run.value() : name);
}

std::vector<std::string> variants_of(const RunRecord& run) {
    std::vector<std::string> names;
    for (const VariantRecord& variant : run.variants) names.push_back(variant.name);
    return names;
}

}  // namespace

Result<RunReference> find_run_reference(const std::string& written, const Store& store) {
    auto whole = run_or_baseline(written, store);
    if (whole) return RunReference{std::move(*whole), ""};
    const std::size_t colon = written.rfind(':');
    if (colon == std::string::npos) return std::unexpected(std::move(whole.error()));
    auto run = run_or_baseline(written.substr(0, colon), store);
    if (!run) return std::unexpected(std::move(whole.error()));
    const std::string variant = written.substr(colon + 1);
    const std::vector<std::string> known = variants_of(*run);
    if (std::ranges::find(known, variant) == known.end()) {
        return failure(
            ErrorCode::not_found,
            fmt::format("the run {} has no variant \"{}\"{} (it has: {})", written.substr(0, colon),
                        variant, did_you_mean(variant, known), fmt::join(known, ", ")));
    }
    return RunReference{std::move(*run), variant};
}

Result<const VariantRecord*> variant_of(const RunReference& reference, std::string_view written) {
    const auto& variants = reference.run.variants;
    if (reference.variant.empty() && variants.size() == 1) return &variants.front();
    const auto found = std::ranges::find(variants, reference.variant, &VariantRecord::name);
    if (found != variants.end()) return &*found;
    return failure(ErrorCode::invalid_argument,
                   fmt::format("the run \"{}\" has several variants; write which one is meant, as "
                               "RUN:VARIANT (it has: {})",
                               written, fmt::join(variants_of(reference.run), ", ")));
}

}  // namespace assay
