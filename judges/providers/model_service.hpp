#pragma once

#include <memory>

#include "judges/providers/wire_format.hpp"

namespace assay {

/// A provider made of a wire format and credentials: sends, follows streams, reads statuses, words
/// errors, keeps secrets out of everything. Each model API's file makes one of these.
///
/// @param settings  `base_url` is set; `transport` may be null: then it gets one of its own, with
///                  `proxy` and `ca_file`.
/// @error invalid_argument for a base_url without http:// or https://, a proxy that is no URL or a
///        ca_file that cannot be read; internal when libcurl cannot be initialised.
struct ModelServiceParts {
    ProviderSettings settings;
    std::unique_ptr<WireFormat> format;
    std::unique_ptr<Credentials> credentials;
    std::string_view key_variable;  ///< for messages, "" = none
    /// What to do when the key is refused, "" = set key_variable or `api_key`.
    std::string_view key_remedy = {};
};
[[nodiscard]] Result<std::unique_ptr<Provider>> make_model_service(ModelServiceParts parts);

/// `Authorization: Bearer KEY`; nothing at all when there is no key or the settings' headers have
/// an authorization of their own.
[[nodiscard]] std::unique_ptr<Credentials> bearer_key(const ProviderSettings& settings);
/// `NAME: KEY`; nothing when there is no key or the settings' headers have that header or an
/// authorization of their own.
[[nodiscard]] std::unique_ptr<Credentials> header_key(const ProviderSettings& settings,
                                                      std::string_view header);

// What the formats share; see reply_json.hpp and sse_reply.hpp as well.

/// The settings' options with the request's parameters over them.
[[nodiscard]] Json merged_parameters(const Json& options, const ProviderRequest& request);
/// Takes `stream` out of the parameters. @error invalid_argument when it is no boolean.
[[nodiscard]] Result<bool> take_stream_flag(Json& parameters);
/// `base_url` without slashes at its end, and the path.
[[nodiscard]] std::string join_url(std::string_view base_url, std::string_view path);
/// ChatMessage::content as a list of parts: a text is one.
[[nodiscard]] Json content_parts(const Json& content);
/// {"content", "tool_calls"} or the text, as ProviderReply::output says.
/// @param tool_calls      a list, empty or null = none.
/// @param output_is_json  a response schema was sent: the text is read as JSON when it is that.
[[nodiscard]] Json output_of(std::string text, Json tool_calls, bool output_is_json);
/// {"id", "name", "arguments"}, the arguments as JSON when the text is that.
[[nodiscard]] Json tool_call_of(std::string id, std::string name, std::string arguments);
/// An image as an address: that of the part, or a data: one that holds it.
[[nodiscard]] std::string image_url_of(const Json& part);

/// The words and the codes of the forms that most servers use: {"error": {"message", "code",
/// "type"}}, {"error": text}, {"message"}, {"detail"}, any of them alone or first in a list. Flags
/// are set by OpenAI's codes, which others took over.
[[nodiscard]] Complaint usual_complaint(const Json& body);

/// Sets `total` to the sum of all other counts.
void set_total(UsageDetails& usage);

}  // namespace assay
