#include "judges/providers/gemini_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "core/base/text.hpp"
#include "judges/providers/gemini_reply.hpp"
#include "judges/providers/gemini_stream.hpp"
#include "judges/providers/model_service.hpp"
#include "judges/providers/reply_json.hpp"

namespace assay {
namespace {

/// Parameters that stand beside `generationConfig`; all others are a part of it.
constexpr std::array k_beside_config = {"cachedContent", "labels", "safetySettings", "serviceTier",
                                        "toolConfig"};

/// Our names of parameters in the API's words.
constexpr std::array k_config_names = {std::pair{"max_tokens", "maxOutputTokens"},
                                       std::pair{"stop", "stopSequences"},
                                       std::pair{"top_k", "topK"}, std::pair{"top_p", "topP"}};

std::string config_name(const std::string& parameter) {
    const auto* const found = std::ranges::find_if(
        k_config_names, [&](const auto& pair) { return parameter == pair.first; });
    return found == k_config_names.end() ? parameter : found->second;
}

void write_parameters(const Json& parameters, Json& body) {
    const Json* const given = member(parameters, "generationConfig");
    Json config = given != nullptr && given->is_object() ? *given : Json::object();
    for (const auto& [name, value] : parameters.items()) {
        if (name == "generationConfig") continue;
        if (std::ranges::find(k_beside_config, name) != k_beside_config.end()) {
            body[name] = value;
        } else if (name == "stop" && value.is_string()) {
            config["stopSequences"] = Json::array({value});
        } else {
            config[config_name(name)] = value;
        }
    }
    if (!config.empty()) body["generationConfig"] = std::move(config);
}

/// Writes the messages of one request, in their order: a result names the function that was called
/// earlier, which the API knows by name and not by id.
class ContentWriter {
  public:
    Result<void> add(const ChatMessage& message);
    void move_to(Json& body);

  private:
    Result<Json> part_of(const Json& part);
    Result<Json> result_part(const Json& part) const;

    Json contents_ = Json::array();
    Json instructions_ = Json::array();
    std::map<std::string, std::string> function_names_;  ///< by the id of the call
};

/// Neighbours of one role are one turn: the results of calls that were made together belong
/// together.
Result<void> ContentWriter::add(const ChatMessage& message) {
    Json* parts = &instructions_;
    if (message.role != "system" && message.role != "developer") {
        const char* const role = message.role == "assistant" ? "model" : "user";
        if (contents_.empty() || contents_.back()["role"] != role) {
            contents_.push_back({{"role", role}, {"parts", Json::array()}});
        }
        parts = &contents_.back()["parts"];
    }
    for (const Json& part : content_parts(message.content)) {
        ASSAY_TRY(Json written, part_of(part));
        parts->push_back(std::move(written));
    }
    return {};
}

void ContentWriter::move_to(Json& body) {
    if (!instructions_.empty()) body["systemInstruction"] = {{"parts", std::move(instructions_)}};
    body["contents"] = std::move(contents_);
}

/// What the end of an address tells of the image there, which Vertex AI wants to know; "" =
/// nothing.
std::string media_type_of(std::string_view url) {
    constexpr std::array k_endings = {
        std::pair{".png", "image/png"},   std::pair{".jpg", "image/jpeg"},
        std::pair{".jpeg", "image/jpeg"}, std::pair{".webp", "image/webp"},
        std::pair{".heic", "image/heic"}, std::pair{".heif", "image/heif"}};
    const std::string path = to_lower_ascii(url.substr(0, url.find_first_of("?#")));
    for (const auto& [ending, type] : k_endings) {
        if (path.ends_with(ending)) return type;
    }
    return {};
}

Json image_part(const Json& part) {
    const std::string& url = text_member(part, "url");
    std::string type = text_member(part, "media_type");
    if (type.empty()) type = media_type_of(url);
    Json image = Json::object();
    if (!type.empty()) image["mimeType"] = std::move(type);
    if (const Json* const data = member(part, "data")) {
        image["data"] = *data;
        return {{"inlineData", std::move(image)}};
    }
    image["fileUri"] = url;
    return {{"fileData", std::move(image)}};
}

Result<Json> ContentWriter::part_of(const Json& part) {
    const std::string& type = text_member(part, "type");
    if (type == "text") return Json{{"text", text_member(part, "text")}};
    if (type == "image") return image_part(part);
    if (type == "tool_result") return result_part(part);
    if (type != "tool_call") return part;
    const std::string& name = text_member(part, "name");
    function_names_[text_member(part, "id")] = name;
    return Json{
        {"functionCall", {{"name", name}, {"args", part.value("arguments", Json::object())}}}};
}

/// The API wants an object: a result that is none is put into one.
Result<Json> ContentWriter::result_part(const Json& part) const {
    const std::string& id = text_member(part, "id");
    const auto called = function_names_.find(id);
    if (called == function_names_.end()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the tool_result \"{}\" follows no tool_call with this id; put "
                                   "the assistant's message that made the call before it",
                                   fit_width(terminal_safe(id), 40)));
    }
    Json response = part.value("content", Json());
    if (response.is_string()) response = json_or_text(response.get<std::string>());
    if (!response.is_object()) response = {{"result", std::move(response)}};
    return Json{
        {"functionResponse", {{"name", called->second}, {"response", std::move(response)}}}};
}

/// Our tools as one list of functions, and the provider's own as they are.
Json tools_of(const Json& tools) {
    Json functions = Json::array();
    Json list = Json::array();
    for (const Json& tool : tools) {
        if (!tool.contains("name")) {
            list.push_back(tool);
            continue;
        }
        Json function = {{"name", tool["name"]}};
        if (const Json* const about = member(tool, "description")) function["description"] = *about;
        if (const Json* const schema = member(tool, "parameters")) {
            function["parametersJsonSchema"] = *schema;
        }
        functions.push_back(std::move(function));
    }
    if (!functions.empty()) list.push_back({{"functionDeclarations", std::move(functions)}});
    return list;
}

}  // namespace

std::string GeminiFormat::address() const { return join_url(address_.base_url, address_.models); }

std::string GeminiFormat::resource_of(const std::string& model) const {
    if (!model.contains('/')) return fmt::format("{}/{}", address_.models, percent_encode(model));
    std::string path;
    for (const std::string_view part : split(model, '/')) {
        path += (path.empty() ? "" : "/") + percent_encode(part);
    }
    return path;
}

Result<WireFormat::Call> GeminiFormat::write(const ProviderRequest& request) const {
    if (!request.texts.empty()) return write_embedding(request);
    Json parameters = merged_parameters(options_, request);
    ASSAY_TRY(const bool streams, take_stream_flag(parameters));
    Json body = Json::object();
    write_parameters(parameters, body);
    ContentWriter contents;
    for (const ChatMessage& message : request.messages) ASSAY_CHECK(contents.add(message));
    contents.move_to(body);
    if (request.tools.is_array()) body["tools"] = tools_of(request.tools);
    if (!request.response_schema.is_null()) {
        body["generationConfig"]["responseMimeType"] = "application/json";
        body["generationConfig"]["responseJsonSchema"] = request.response_schema;
    }
    const char* const method = streams ? "streamGenerateContent?alt=sse" : "generateContent";
    return Call{.url = fmt::format("{}:{}", join_url(address_.base_url, resource_of(request.model)),
                                   method),
                .body = std::move(body),
                .streams = streams,
                .accepts = streams ? "text/event-stream, application/json" : "application/json"};
}

/// Parameters that are only for chats do not hold for embeddings, so none of ours are sent.
Result<WireFormat::Call> GeminiFormat::write_embedding(const ProviderRequest& request) const {
    if (!address_.embeds) {
        return failure(ErrorCode::invalid_argument,
                       "this provider gives no embeddings here; google-ai-studio does");
    }
    const std::string model = resource_of(request.model);
    const Json parameters = merged_parameters(options_, request);
    Json questions = Json::array();
    for (const std::string& text : request.texts) {
        Json question = {{"model", model}, {"content", {{"parts", {{{"text", text}}}}}}};
        for (const char* const name : {"outputDimensionality", "taskType", "title"}) {
            if (const Json* const value = member(parameters, name)) question[name] = *value;
        }
        questions.push_back(std::move(question));
    }
    return Call{.url = fmt::format("{}:batchEmbedContents", join_url(address_.base_url, model)),
                .body = {{"requests", std::move(questions)}}};
}

Result<ProviderReply> GeminiFormat::read(const Json& body, const ProviderRequest& request) const {
    return request.texts.empty() ? read_gemini_reply(body, !request.response_schema.is_null())
                                 : read_gemini_embeddings(body, request);
}

Complaint GeminiFormat::read_complaint(const Json& body) const {
    return read_gemini_complaint(body);
}

std::unique_ptr<StreamedReply> GeminiFormat::stream(MonotonicTime sent) const {
    return std::make_unique<GeminiStream>(sent);
}

}  // namespace assay
