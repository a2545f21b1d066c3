#include "server/store/document.hpp"

#include <bit>
#include <cstring>

namespace assay {
namespace {

// Values were checked for depth when they came in; a trace wraps them into a few levels more.
constexpr JsonLimits k_stored_json_limits{.depth_max = 4 * limits::k_json_depth_max};

constexpr std::uint64_t to_zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}

constexpr std::int64_t from_zigzag(std::uint64_t value) {
    return static_cast<std::int64_t>((value >> 1U) ^ (~(value & 1U) + 1U));
}

/// Consumes what it reads; empty results mean that the bytes ended too early.
class Cursor {
  public:
    explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

    [[nodiscard]] bool at_end() const { return offset_ == bytes_.size(); }
    [[nodiscard]] std::size_t offset() const { return offset_; }

    std::optional<std::uint64_t> varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && !at_end(); shift += 7) {
            const auto byte = static_cast<unsigned char>(bytes_[offset_++]);
            value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
            if ((byte & 0x80U) == 0) return value;
        }
        return std::nullopt;
    }
    std::optional<std::string_view> take(std::uint64_t size) {
        if (size > bytes_.size() - offset_) return std::nullopt;
        const std::string_view taken = bytes_.substr(offset_, size);
        offset_ += size;
        return taken;
    }

  private:
    std::string_view bytes_;
    std::size_t offset_ = 0;
};

std::unexpected<Error> damaged() {
    return failure(ErrorCode::data_loss,
                   "a stored document is damaged; restore the store from a "
                   "backup");
}

}  // namespace

void DocumentWriter::begin_slot(char tag) {
    bytes_.push_back(tag);
    ++slots_;
}

void DocumentWriter::append_varint(std::uint64_t value) {
    for (; value >= 0x80U; value >>= 7U) bytes_.push_back(static_cast<char>(value | 0x80U));
    bytes_.push_back(static_cast<char>(value));
}

void DocumentWriter::add_null() { begin_slot(0); }

void DocumentWriter::add_text(std::string_view text) {
    begin_slot(1);
    append_varint(text.size());
    bytes_ += text;
}

void DocumentWriter::add_integer(std::int64_t value) {
    begin_slot(2);
    append_varint(to_zigzag(value));
}

void DocumentWriter::add_real(double value) {
    begin_slot(3);
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (unsigned shift = 0; shift < 64; shift += 8) {
        bytes_.push_back(static_cast<char>(bits >> shift));
    }
}

void DocumentWriter::add_json(const Json& value) {
    if (value.is_null()) return add_null();
    add_text(to_text(value));
}

void DocumentWriter::add_same_as(std::size_t slot) {
    begin_slot(4);
    append_varint(slot);
}

void DocumentWriter::add_from_item(std::size_t slot) {
    begin_slot(5);
    append_varint(slot);
}

void DocumentWriter::clear() {
    bytes_.clear();
    slots_ = 0;
}

Result<Document> Document::parse(std::string bytes) {
    Document document;
    document.bytes_ = std::move(bytes);
    Cursor cursor(document.bytes_);
    while (!cursor.at_end()) {
        const auto tag = cursor.varint();
        if (!tag || *tag > static_cast<std::uint64_t>(Kind::from_item)) return damaged();
        Slot slot{.kind = static_cast<Kind>(*tag)};
        if (slot.kind == Kind::real) {
            const auto raw = cursor.take(8);
            if (!raw) return damaged();
            std::uint64_t bits = 0;
            for (unsigned i = 0; i < 8; ++i) {
                bits |= static_cast<std::uint64_t>(static_cast<unsigned char>((*raw)[i])) << 8U * i;
            }
            slot.real = std::bit_cast<double>(bits);
        } else if (slot.kind != Kind::null) {
            const auto number = cursor.varint();
            if (!number) return damaged();
            slot.integer = slot.kind == Kind::integer ? from_zigzag(*number)
                                                      : static_cast<std::int64_t>(*number);
            slot.offset = cursor.offset();
            slot.size = slot.kind == Kind::text ? *number : 0;
            if (!cursor.take(slot.size)) return damaged();
        }
        document.slots_.push_back(slot);
    }
    return document;
}

Document::Kind DocumentReader::next_kind() const {
    return next_ < document_->slots_.size() ? document_->slots_[next_].kind : Document::Kind::null;
}

const Document::Slot* DocumentReader::take() {
    if (failed_ || next_ >= document_->slots_.size()) {
        failed_ = true;
        return nullptr;
    }
    return &document_->slots_[next_++];
}

std::string_view DocumentReader::resolve(const Document::Slot& slot) {
    const Document* holder = document_;
    const Document::Slot* target = &slot;
    if (slot.kind == Document::Kind::same_as || slot.kind == Document::Kind::from_item) {
        if (slot.kind == Document::Kind::from_item) holder = item_;
        const auto index = static_cast<std::uint64_t>(slot.integer);
        const bool known = holder != nullptr && index < holder->slots_.size();
        target = known ? &holder->slots_[index] : nullptr;
    }
    // A reference to a reference is never written, so that a damaged one cannot go in circles.
    if (target == nullptr || target->kind != Document::Kind::text) {
        failed_ = true;
        return {};
    }
    return std::string_view(holder->bytes_).substr(target->offset, target->size);
}

std::string DocumentReader::text() {
    const Document::Slot* const slot = take();
    return slot == nullptr ? std::string() : std::string(resolve(*slot));
}

std::int64_t DocumentReader::integer() {
    const Document::Slot* const slot = take();
    if (slot == nullptr || slot->kind != Document::Kind::integer) {
        failed_ = true;
        return 0;
    }
    return slot->integer;
}

double DocumentReader::real() {
    const Document::Slot* const slot = take();
    if (slot == nullptr || slot->kind != Document::Kind::real) {
        failed_ = true;
        return 0;
    }
    return slot->real;
}

Json DocumentReader::json() {
    const Document::Slot* const slot = take();
    if (slot == nullptr || slot->kind == Document::Kind::null) return nullptr;
    const std::string_view written = resolve(*slot);
    if (failed_) return nullptr;
    Result<Json> value = parse_json(written, k_stored_json_limits);
    if (!value) {
        failed_ = true;
        return nullptr;
    }
    return std::move(*value);
}

std::size_t DocumentReader::count() {
    const std::int64_t value = integer();
    const std::size_t left = document_->slots_.size() - std::min(next_, document_->slots_.size());
    if (value < 0 || static_cast<std::uint64_t>(value) > left) failed_ = true;
    return failed_ ? 0 : static_cast<std::size_t>(value);
}

Result<void> DocumentReader::finish() const {
    if (failed_) return damaged();
    return {};
}

}  // namespace assay
