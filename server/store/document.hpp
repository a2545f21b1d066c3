#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"

// A document is a list of slots, the stored form of everything that is read as a whole and never
// searched: inputs, outputs, metadata, what a report needs of a unit, a run. It is framed rather
// than JSON, so that a reader parses only the texts it wants and any bytes survive.

namespace assay {

/// FNV-1a, 64 bits, going on from `hash`. Source: Fowler, Noll, Vo, RFC 9923.
[[nodiscard]] constexpr std::uint64_t fnv1a(std::string_view bytes,
                                            std::uint64_t hash = 0xcbf29ce484222325ULL) {
    for (const char byte : bytes) {
        hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
    }
    return hash;
}

/// Builds a document slot by slot. The bytes are described in server/store/FORMAT.md.
class DocumentWriter {
  public:
    void add_null();
    void add_text(std::string_view text);
    void add_integer(std::int64_t value);
    void add_real(double value);
    /// The JSON text, or the null slot for null.
    void add_json(const Json& value);
    /// The same text as slot `slot` of this document.
    void add_same_as(std::size_t slot);
    /// The same text as slot `slot` of the document of the trace's dataset item.
    void add_from_item(std::size_t slot);

    [[nodiscard]] std::size_t slots() const { return slots_; }
    [[nodiscard]] const std::string& bytes() const { return bytes_; }
    /// Starts again, keeping the memory.
    void clear();

  private:
    void begin_slot(char tag);
    void append_varint(std::uint64_t value);

    std::string bytes_;
    std::size_t slots_ = 0;
};

/// A document as it was read back.
class Document {
  public:
    /// @error data_loss when the bytes are no document.
    static Result<Document> parse(std::string bytes);

    [[nodiscard]] std::size_t slots() const { return slots_.size(); }

    enum class Kind : char { null = 0, text, integer, real, same_as, from_item };

  private:
    friend class DocumentReader;
    struct Slot {
        Kind kind = Kind::null;
        std::int64_t integer = 0;  ///< of a reference: the slot it means
        double real = 0;
        std::size_t offset = 0;  ///< of a text, into bytes_
        std::size_t size = 0;
    };

    std::string bytes_;
    std::vector<Slot> slots_;
};

/// Reads slots in order. The first slot that is not what the caller asks for makes the reader
/// fail for good; values read after that are empty, and finish() tells.
class DocumentReader {
  public:
    /// @param item  the document that add_from_item() meant, or null when there is none.
    explicit DocumentReader(const Document& document, const Document* item = nullptr,
                            std::size_t first_slot = 0)
        : document_(&document), item_(item), next_(first_slot) {}

    /// What the next slot holds; null at the end.
    [[nodiscard]] Document::Kind next_kind() const;
    std::string text();
    std::int64_t integer();
    double real();
    /// A value that add_json() wrote.
    Json json();
    /// A number of things that follow, each at least one slot.
    std::size_t count();
    void skip(std::size_t slots) { next_ += slots; }
    /// Marks the content as wrong: a value out of its range, for example.
    void fail() { failed_ = true; }

    /// @error data_loss when anything read was not there or not of its kind.
    [[nodiscard]] Result<void> finish() const;

  private:
    [[nodiscard]] const Document::Slot* take();
    [[nodiscard]] std::string_view resolve(const Document::Slot& slot);

    const Document* document_;
    const Document* item_;
    std::size_t next_;
    bool failed_ = false;
};

}  // namespace assay
