#include "runner/cli/open_run.hpp"

#include "runner/cli/references.hpp"

namespace assay {

Result<OpenRun> open_run(const std::string& store, const std::string& reference) {
    OpenRun open;
    ASSAY_TRY(open.store, Store::open_existing(store, default_project_id()));
    ASSAY_TRY(open.run, open.store->find_run(reference));
    for (const VariantRecord& variant : open.run.variants) {
        ASSAY_TRY(open.programs[variant.dataset_run_id],
                  open.store->run_scores(variant.dataset_run_id));
    }
    open.spec_folder = std::filesystem::path(open.run.spec_file).parent_path();
    return open;
}

Result<Report> OpenRun::report() const {
    ReportInputs inputs{.programs = programs, .references = {}, .baseline = {}};
    read_references(run, spec_folder, *store, inputs);
    return make_report(run, units(), inputs);
}

}  // namespace assay
