#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/error.hpp"
#include "server/store/sqlite_handle.hpp"

namespace assay {

/// A document as a row holds it. `bytes` is borrowed from the codec until its next call.
struct PackedDocument {
    std::int64_t dictionary = 0;  ///< 0 = none
    std::int64_t size = 0;        ///< before compression
    Blob bytes;
};

/// Compresses documents with zstd, with the store's trained dictionary once there is one. Every
/// frame carries a checksum, so that damage is noticed. One per connection.
class PayloadCodec {
  public:
    explicit PayloadCodec(Connection& connection);
    ~PayloadCodec();

    /// @error resource_exhausted when the document is larger than the store accepts.
    [[nodiscard]] Result<PackedDocument> pack(std::string_view document);
    /// @error data_loss when the bytes are not what was written.
    [[nodiscard]] Result<std::string> unpack(const PackedDocument& packed);

    /// Uses the store's newest dictionary, if there is one, for pack() from now on.
    [[nodiscard]] Result<void> use_newest_dictionary();
    /// Whether the store's dictionary is decided: trained, or found to be no use.
    [[nodiscard]] bool has_dictionary() const;

  private:
    struct State;
    Connection& connection_;
    std::unique_ptr<State> state_;
};

/// A dictionary for documents like the samples; empty when they are too few or too alike.
[[nodiscard]] std::string train_dictionary(const std::vector<std::string>& samples);

}  // namespace assay
