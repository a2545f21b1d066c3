#include "server/store/document.hpp"

#include "core/base/json.hpp"
#include "server/store/run_document.hpp"
#include "server/store/unit_document.hpp"
#include "tests/fuzz/harness.hpp"

namespace assay::test {

void fuzz_document(std::string_view bytes) {
    const auto document = Document::parse(std::string(bytes));
    if (!document) return;
    DatasetItem item;
    (void)read_item(*document, item);
    UnitResult unit;
    (void)read_trace(*document, unit);
    (void)read_unit(*document, *document, unit);
    const auto run = read_run(*document);
    if (!run) return;
    DocumentWriter writer;
    write_run(*run, writer);
    ASSAY_ASSERT(read_run(Document::parse(writer.bytes()).value()), "a run can be stored again");
}

}  // namespace assay::test
