#pragma once

#include <string>
#include <string_view>

#include "server/store/store.hpp"

namespace assay {

/// A stored run, and one of its variants where one was named.
struct RunReference {
    RunRecord run;
    std::string variant;  ///< "" = none was named
};

/// RUN or RUN:VARIANT. RUN is what Store::find_run knows, or the name of a baseline, which stands
/// for the run it was made of; names may hold colons themselves.
/// @error not_found with the nearest name, for an unknown variant too.
[[nodiscard]] Result<RunReference> find_run_reference(const std::string& written,
                                                      const Store& store);

/// The variant that is meant: the named one, or the only one.
/// @error invalid_argument when there are several and none is named.
[[nodiscard]] Result<const VariantRecord*> variant_of(const RunReference& reference,
                                                      std::string_view written);

}  // namespace assay
