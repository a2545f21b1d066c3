#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/error.hpp"
#include "core/model/regex.hpp"

namespace assay {

/// Byte pair encoding as OpenAI's models use it: an expression cuts a text into pieces, and in each
/// piece the neighbours that make the earliest token of a table are joined until none do.
/// Source: Sennrich, Haddow, Birch, "Neural machine translation of rare words with subword units",
/// ACL 2016; the tables of tiktoken.
class BpeTokenizer {
  public:
    /// @param table  the text of a table of js-tiktoken: a JavaScript object {pat_str, bpe_ranks}.
    /// @error invalid_argument when it is none.
    static Result<BpeTokenizer> parse(std::string_view table);

    /// How many tokens the text is. What would be a special token counts as the text it is.
    /// A piece longer than k_piece_bytes_max is cut, so that the time is linear.
    [[nodiscard]] std::size_t count(std::string_view text) const;

    static constexpr std::size_t k_piece_bytes_max = 256;

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>()(text);
        }
    };
    using Ranks = std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>>;

    BpeTokenizer(Regex pieces, Ranks ranks)
        : pieces_(std::move(pieces)), ranks_(std::move(ranks)) {}
    [[nodiscard]] std::size_t count_piece(std::string_view piece) const;
    /// The rank of the token that these bytes are; k_no_rank = none.
    [[nodiscard]] std::uint32_t rank_of(std::string_view bytes) const;

    Regex pieces_;
    Ranks ranks_;
};

}  // namespace assay
