#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "judges/providers/wire_format.hpp"

namespace assay {

/// What all streams have in common: bytes come in pieces, something is put together from them, and
/// at the end that stands for the answer. A format derives from this, or from SseReply.
class AssembledReply : public StreamedReply {
  public:
    /// @param sent  when the request was sent.
    explicit AssembledReply(MonotonicTime sent) : sent_(sent) {}

    [[nodiscard]] Result<void> take(HttpResponse& so_far) final;
    [[nodiscard]] Result<HttpResponse> whole(Result<HttpResponse> response) final;
    [[nodiscard]] std::optional<std::chrono::nanoseconds> time_to_first_token() const final {
        return time_to_first_token_;
    }

  protected:
    /// What the content type of a stream begins with, in lower case.
    [[nodiscard]] virtual std::string_view content_type() const = 0;
    /// The next bytes of the stream, cut anywhere. Not called after finish() or end().
    /// @error what ends the request: give_up(), or a limit of ours.
    [[nodiscard]] virtual Result<void> feed(std::string_view bytes) = 0;
    /// After the last bytes, unless the connection broke: whatever was begun is all there is.
    virtual void finish() {}
    /// Whether what came is an answer although end() was never called: some servers leave the mark
    /// of the end out.
    [[nodiscard]] virtual bool is_complete() const = 0;
    /// The answer as the same server gives it when it does not stream.
    [[nodiscard]] virtual Json assembled() const = 0;

    /// The mark of the end has come: nothing after it counts, not even that the connection breaks.
    void end() { is_done_ = true; }
    [[nodiscard]] bool is_done() const { return is_done_; }
    /// For feed(): the answer is useless, and `body`, mostly an error as the server words it,
    /// stands in its place.
    [[nodiscard]] std::unexpected<Error> give_up(std::string body);
    /// Adds a piece of content, of a refusal or of a tool call; "" is none.
    void append(std::string& text, std::string_view piece);
    /// For content that is not kept as text: it has begun to come.
    void note_content();

  private:
    MonotonicTime sent_;
    std::optional<std::chrono::nanoseconds> time_to_first_token_;
    std::optional<HttpResponse> head_;    ///< status and headers of the stream; nothing = no stream
    std::optional<std::string> instead_;  ///< a body that stands for the answer: an error
    bool is_done_ = false;
};

}  // namespace assay
