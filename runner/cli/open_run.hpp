#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "runner/report/report.hpp"
#include "server/store/store.hpp"

namespace assay {

/// A stored run with the store it comes from.
struct OpenRun {
    std::unique_ptr<Store> store;
    RunRecord run;
    ProgramScores programs;             ///< what is stored of the run evaluators that are programs
    std::filesystem::path spec_folder;  ///< of the spec that the gates are from

    [[nodiscard]] UnitStream units() const {
        return [this](const UnitVisitor& visit) { return store->for_each_unit(run, visit); };
    }
    [[nodiscard]] Result<Report> report() const;
};

/// @param reference  an id, the beginning of one, a name, or "latest".
/// @error as Store::open_existing and Store::find_run.
[[nodiscard]] Result<OpenRun> open_run(const std::string& store, const std::string& reference);

}  // namespace assay
