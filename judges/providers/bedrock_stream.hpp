#pragma once

#include <memory>

#include "judges/providers/wire_format.hpp"

namespace assay {

/// Follows an answer of Converse or ConverseStream.
///
/// An exception within a stream becomes what it is without one: an answer with its status. The name
/// of an error, which a header tells, is put into the body as `__type`. That the model itself
/// failed (424) is an error that another attempt may not meet.
[[nodiscard]] std::unique_ptr<StreamedReply> follow_converse(MonotonicTime sent);

}  // namespace assay
