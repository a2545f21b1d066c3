#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay {

/// One field of a protobuf message as it stands on the wire.
struct WireField {
    enum class Type : std::uint8_t { varint, fixed64, bytes, fixed32 };

    std::uint32_t number = 0;
    Type type = Type::varint;
    std::uint64_t value = 0;  ///< of all types but bytes
    std::string_view bytes{};

    [[nodiscard]] bool is(std::uint32_t wanted, Type kind) const {
        return number == wanted && type == kind;
    }
};

/// Reads the fields of one protobuf message, in their order, without copying them. It knows
/// nothing of what they mean: messages within are `bytes`, for a reader of their own.
/// Source: protobuf.dev, "Encoding". Groups, which nobody uses, are taken as damage.
class WireReader {
  public:
    explicit WireReader(std::string_view message) : rest_(message) {}

    /// The next field; nothing at the end, and from damage on.
    [[nodiscard]] std::optional<WireField> next();
    /// Whether what was read so far is no message.
    [[nodiscard]] bool is_damaged() const { return is_damaged_; }

  private:
    [[nodiscard]] std::optional<std::uint64_t> take_varint();
    [[nodiscard]] std::optional<std::uint64_t> take_fixed(std::size_t size);
    [[nodiscard]] std::optional<WireField> damage();

    std::string_view rest_;
    bool is_damaged_ = false;
};

/// Appends a field of a message that is being written.
void append_wire_varint(std::string& message, std::uint32_t number, std::uint64_t value);
void append_wire_fixed64(std::string& message, std::uint32_t number, std::uint64_t value);
void append_wire_bytes(std::string& message, std::uint32_t number, std::string_view bytes);

}  // namespace assay
