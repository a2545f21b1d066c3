#include "server/store/payload.hpp"

#include <fmt/format.h>
#include <zdict.h>
#include <zstd.h>

#include "core/base/limits.hpp"

namespace assay {
namespace {

// Level 1 packs a short document in half the time of level 3 and gives up 9 % of the gain.
constexpr int k_level = 1;
constexpr std::size_t k_dictionary_bytes = 64U << 10U;

constexpr const char* k_newest_dictionary =
    "SELECT dictionary, data FROM dictionaries ORDER BY dictionary DESC LIMIT 1";
constexpr const char* k_dictionary = "SELECT data FROM dictionaries WHERE dictionary = ?1";

struct FreeCompression {
    void operator()(ZSTD_CCtx* held) const noexcept { (void)ZSTD_freeCCtx(held); }
    void operator()(ZSTD_DCtx* held) const noexcept { (void)ZSTD_freeDCtx(held); }
    void operator()(ZSTD_CDict* held) const noexcept { (void)ZSTD_freeCDict(held); }
    void operator()(ZSTD_DDict* held) const noexcept { (void)ZSTD_freeDDict(held); }
};
template <class Held>
using Handle = std::unique_ptr<Held, FreeCompression>;

std::unexpected<Error> damaged(const Connection& connection) {
    return failure(ErrorCode::data_loss,
                   fmt::format("{}: a stored document is damaged; restore the store from a backup",
                               connection.path().string()));
}

}  // namespace

struct PayloadCodec::State {
    Handle<ZSTD_CCtx> compress{ZSTD_createCCtx()};
    Handle<ZSTD_DCtx> decompress{ZSTD_createDCtx()};
    Handle<ZSTD_CDict> dictionary;
    std::int64_t dictionary_id = 0;  ///< of the one in use; 0 = none
    bool has_dictionary = false;
    std::unordered_map<std::int64_t, Handle<ZSTD_DDict>> dictionaries;
    std::string buffer;
};

PayloadCodec::PayloadCodec(Connection& connection)
    : connection_(connection), state_(std::make_unique<State>()) {
    ASSAY_ASSERT(state_->compress && state_->decompress, "memory for a compressor");
    for (const auto [parameter, value] :
         {std::pair{ZSTD_c_compressionLevel, k_level}, std::pair{ZSTD_c_checksumFlag, 1},
          std::pair{ZSTD_c_dictIDFlag, 0}}) {
        const std::size_t set = ZSTD_CCtx_setParameter(state_->compress.get(), parameter, value);
        ASSAY_ASSERT(ZSTD_isError(set) == 0, "the parameters are constants");
    }
}

PayloadCodec::~PayloadCodec() = default;

Result<PackedDocument> PayloadCodec::pack(std::string_view document) {
    if (document.size() > limits::k_document_bytes_max) {
        return failure(
            ErrorCode::resource_exhausted,
            fmt::format("{}: a unit has more than {} MB of content, the most the store "
                        "accepts",
                        connection_.path().string(), limits::k_document_bytes_max >> 20U));
    }
    const std::size_t bound = ZSTD_compressBound(document.size());
    if (state_->buffer.size() < bound) state_->buffer.resize(bound);
    const std::size_t size =
        ZSTD_compress2(state_->compress.get(), state_->buffer.data(), state_->buffer.size(),
                       document.data(), document.size());
    if (ZSTD_isError(size) != 0) {
        return failure(ErrorCode::internal,
                       fmt::format("cannot compress a document: {}", ZSTD_getErrorName(size)));
    }
    return PackedDocument{state_->dictionary_id, static_cast<std::int64_t>(document.size()),
                          Blob{std::string_view(state_->buffer).substr(0, size)}};
}

Result<std::string> PayloadCodec::unpack(const PackedDocument& packed) {
    const ZSTD_DDict* dictionary = nullptr;
    if (packed.dictionary != 0) {
        Handle<ZSTD_DDict>& known = state_->dictionaries[packed.dictionary];
        if (!known) {
            ASSAY_TRY(Rows rows, connection_.query(k_dictionary, packed.dictionary));
            ASSAY_TRY(const bool found, rows.next());
            if (!found) return damaged(connection_);
            const std::string_view data = rows.bytes(0);
            known.reset(ZSTD_createDDict(data.data(), data.size()));
            if (!known) return damaged(connection_);
        }
        dictionary = known.get();
    }
    // Both sizes must agree before memory is taken: a damaged one could ask for any amount.
    const std::string_view bytes = packed.bytes.bytes;
    const std::uint64_t size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
    if (size != static_cast<std::uint64_t>(packed.size) || size > limits::k_document_bytes_max) {
        return damaged(connection_);
    }
    std::string document(size, '\0');
    const std::size_t done =
        ZSTD_decompress_usingDDict(state_->decompress.get(), document.data(), document.size(),
                                   bytes.data(), bytes.size(), dictionary);
    if (done != size) return damaged(connection_);
    return document;
}

Result<void> PayloadCodec::use_newest_dictionary() {
    if (state_->has_dictionary) return {};
    ASSAY_TRY(Rows rows, connection_.query(k_newest_dictionary));
    ASSAY_TRY(const bool found, rows.next());
    state_->has_dictionary = found;
    if (!found || rows.bytes(1).empty()) return {};
    const std::string_view data = rows.bytes(1);
    state_->dictionary.reset(ZSTD_createCDict(data.data(), data.size(), k_level));
    const std::size_t set = ZSTD_CCtx_refCDict(state_->compress.get(), state_->dictionary.get());
    if (!state_->dictionary || ZSTD_isError(set) != 0) return damaged(connection_);
    state_->dictionary_id = rows.integer(0);
    return {};
}

bool PayloadCodec::has_dictionary() const { return state_->has_dictionary; }

std::string train_dictionary(const std::vector<std::string>& samples) {
    std::string joined;
    std::vector<std::size_t> sizes;
    for (const std::string& sample : samples) {
        joined += sample;
        sizes.push_back(sample.size());
    }
    std::string dictionary(k_dictionary_bytes, '\0');
    const std::size_t size =
        ZDICT_trainFromBuffer(dictionary.data(), dictionary.size(), joined.data(), sizes.data(),
                              static_cast<unsigned>(sizes.size()));
    if (ZDICT_isError(size) != 0) return {};
    dictionary.resize(size);
    return dictionary;
}

}  // namespace assay
