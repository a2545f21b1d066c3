#include "server/store/run_document.hpp"

#include "server/store/row_values.hpp"

namespace assay {
namespace {

/// What is needed to go on with the run or to put it together with others. Documents of version 1
/// of the format end before it.
void write_continuation(const RunRecord& run, DocumentWriter& document) {
    document.add_text(run.plan_sha256);
    document.add_json(run.invocation);
    document.add_integer(run.resumed ? 1 : 0);
    document.add_integer(run.shard ? run.shard->index : 0);
    document.add_integer(run.shard ? run.shard->count : 0);
    document.add_integer(run.dropped.cost);
    document.add_integer(run.dropped.tokens);
    document.add_integer(run.dropped.calls);
}

void read_continuation(DocumentReader& reader, RunRecord& run) {
    run.plan_sha256 = reader.text();
    run.invocation = reader.json();
    run.resumed = reader.integer() != 0;
    Shard shard;
    shard.index = static_cast<int>(reader.integer());
    shard.count = static_cast<int>(reader.integer());
    if (shard.count > 0) run.shard = shard;
    run.dropped.cost = reader.integer();
    run.dropped.tokens = reader.integer();
    run.dropped.calls = reader.integer();
}

}  // namespace

void write_run(const RunRecord& run, DocumentWriter& document) {
    document.add_text(run.id.value());
    document.add_text(run.name);
    document.add_text(run.experiment);
    document.add_text(run.description);
    document.add_json(run.metadata);
    document.add_text(run.dataset_name);
    document.add_text(run.dataset_id.value());
    document.add_integer(to_nanoseconds(run.started));
    if (run.finished) {
        document.add_integer(to_nanoseconds(*run.finished));
    } else {
        document.add_null();
    }
    document.add_text(to_string(run.state));
    document.add_integer(run.partial ? 1 : 0);
    document.add_text(run.reason);
    document.add_integer(run.repetitions);
    document.add_json(to_json(run.report_plan));
    document.add_json(run.manifest);
    document.add_json(run.spec);
    document.add_text(run.spec_file);
    document.add_integer(static_cast<std::int64_t>(run.variants.size()));
    for (const VariantRecord& variant : run.variants) {
        document.add_text(variant.name);
        document.add_text(variant.dataset_run_id.value());
        document.add_integer(static_cast<std::int64_t>(variant.planned));
    }
    write_continuation(run, document);
}

Result<RunRecord> read_run(const Document& document) {
    DocumentReader reader(document);
    RunRecord run;
    run.id = RunId(reader.text());
    run.name = reader.text();
    run.experiment = reader.text();
    run.description = reader.text();
    run.metadata = reader.json();
    run.dataset_name = reader.text();
    run.dataset_id = DatasetId(reader.text());
    run.started = to_time(reader.integer());
    if (reader.next_kind() == Document::Kind::null) {
        reader.skip(1);
    } else {
        run.finished = to_time(reader.integer());
    }
    const std::string state = reader.text();
    run.partial = reader.integer() != 0;
    run.reason = reader.text();
    run.repetitions = static_cast<int>(reader.integer());
    const Json plan = reader.json();
    run.manifest = reader.json();
    run.spec = reader.json();
    run.spec_file = reader.text();
    for (std::size_t left = reader.count(); left > 0; --left) {
        VariantRecord variant;
        variant.name = reader.text();
        variant.dataset_run_id = DatasetRunId(reader.text());
        variant.planned = static_cast<std::uint64_t>(reader.integer());
        run.variants.push_back(std::move(variant));
    }
    if (reader.next_kind() != Document::Kind::null) read_continuation(reader, run);
    ASSAY_CHECK(reader.finish());
    ASSAY_TRY(run.state, parse_run_state(state));
    ASSAY_TRY(run.report_plan, report_plan_from_json(plan));
    return run;
}

}  // namespace assay
