#include "tests/fuzz/rows.hpp"

#include "datasets/row_reader.hpp"
#include "tests/fuzz/scratch_file.hpp"

namespace assay::test {

void read_rows(std::string_view ending, std::string_view content) {
    const ScratchFile file(ending);
    file.write(content);
    const auto reader = open_rows(file.path());
    if (!reader) return;
    // Each row takes at least a line's end; a reader that stands still would never come here.
    for (std::size_t rows = 0;; ++rows) {
        ASSAY_ASSERT(rows <= content.size() + 1, "a reader goes on");
        const auto row = (*reader)->next();
        if (!row || !*row) return;
        const bool is_row = (*row)->problem.empty();
        ASSAY_ASSERT(!is_row || (*row)->value.is_object(), "a row is an object or a problem");
        ASSAY_ASSERT(!is_row || parse_json(to_text((*row)->value)), "a row is JSON");
    }
}

}  // namespace assay::test
