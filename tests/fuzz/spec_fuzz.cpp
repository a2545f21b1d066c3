#include "configs/load_spec.hpp"
#include "tests/fuzz/harness.hpp"
#include "tests/fuzz/scratch_file.hpp"

namespace assay::test {

void fuzz_spec(std::string_view bytes) {
    static const std::map<std::string, std::string> environment = {{"NAME", "value"}};
    for (const char* const ending : {".yaml", ".json"}) {
        const ScratchFile file(ending);
        file.write(bytes);
        const LoadedSpec loaded = load_spec(file.path(), {.environment = &environment});
        for (const Diagnostic& diagnostic : loaded.diagnostics) (void)to_string(diagnostic);
    }
}

}  // namespace assay::test
