// Declares the protection against amplification; every distribution builds the library with it.
#define XML_DTD
#include <expat.h>
#include <fmt/format.h>

#include <limits>
#include <memory>
#include <string>
#include <type_traits>

#include "evaluators/builtin.hpp"
#include "evaluators/comment.hpp"

namespace assay {
namespace {

struct ParserDeleter {
    void operator()(XML_Parser parser) const noexcept { XML_ParserFree(parser); }
};
using Parser = std::unique_ptr<std::remove_pointer_t<XML_Parser>, ParserDeleter>;

/// A value without a reference, however often it is used, makes the work at most this much larger.
constexpr float k_amplification_max = 4.0F;
constexpr unsigned long long k_amplification_from_bytes = 1U << 20U;

/// What of a document is refused although it may be well-formed.
struct Refusal {
    XML_Parser parser = nullptr;
    std::string why;
};

/// Entities within entities grow exponentially ("billion laughs") and, in attributes, use the
/// stack up.
void XMLCALL on_entity(void* user_data, const XML_Char* name, int /*is_parameter*/,
                       const XML_Char* value, int value_length, const XML_Char* /*base*/,
                       const XML_Char* /*system_id*/, const XML_Char* /*public_id*/,
                       const XML_Char* /*notation*/) {
    if (value == nullptr) return;  // external: never fetched
    const std::string_view text(value, static_cast<std::size_t>(value_length));
    if (text.find_first_of("&%") == std::string_view::npos) return;
    auto& refusal = *static_cast<Refusal*>(user_data);
    refusal.why = fmt::format("the entity {} is made of others, which are not followed",
                              quoted_excerpt(name));
    XML_StopParser(refusal.parser, XML_FALSE);
}

/// With a default handler, entities in the text are not expanded.
void XMLCALL on_anything(void* /*user_data*/, const XML_Char* /*text*/, int /*length*/) {}

/// Why a text is not well-formed, with line and column from 1; "" when it is.
Result<std::string> fault_in(std::string_view text) {
    if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
        return failure(ErrorCode::resource_exhausted, "the output is larger than 2 GB");
    }
    // What we hold is UTF-8, whatever the document says of itself.
    const Parser parser(XML_ParserCreate("UTF-8"));
    if (!parser) return failure(ErrorCode::resource_exhausted, "no memory for a parser of XML");
    Refusal refusal{.parser = parser.get(), .why = {}};
    XML_SetUserData(parser.get(), &refusal);
    XML_SetDefaultHandler(parser.get(), &on_anything);
    XML_SetEntityDeclHandler(parser.get(), &on_entity);
    XML_SetBillionLaughsAttackProtectionMaximumAmplification(parser.get(), k_amplification_max);
    XML_SetBillionLaughsAttackProtectionActivationThreshold(parser.get(),
                                                            k_amplification_from_bytes);
    const auto size = static_cast<int>(text.size());
    if (XML_Parse(parser.get(), text.data(), size, XML_TRUE) == XML_STATUS_OK) return "";
    const std::string why =
        refusal.why.empty() ? XML_ErrorString(XML_GetErrorCode(parser.get())) : refusal.why;
    return fmt::format("line {}, column {}: {}", XML_GetCurrentLineNumber(parser.get()),
                       XML_GetCurrentColumnNumber(parser.get()) + 1, why);
}

class XmlValid final : public Evaluator {
  public:
    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        std::string scratch;
        ASSAY_TRY(const std::string fault, fault_in(as_text(input.output, scratch)));
        return one_score(fault.empty(), fault);
    }
};

Result<std::unique_ptr<Evaluator>> make_xml_valid(const Json& /*parameters*/) {
    return std::make_unique<XmlValid>();
}

}  // namespace

/// Checked by expat. Nothing is fetched and no schema or DTD is applied; entities that refer to
/// other entities are refused.
const EvaluatorDefinition xml_valid_definition{
    .id = "xml_valid",
    .version = 1,
    .summary =
        "True when the output as a whole is a well-formed XML 1.0 document. No schema or DTD is "
        "applied, and nothing is fetched.",
    .data_type = ScoreDataType::boolean,
    .needs_expected = false,
    .parameters_schema = R"({"type": "object", "properties": {}, "additionalProperties": false})",
    .examples = R"([
        {"output": "<team><name>tech</name></team>", "score": true},
        {"output": "<?xml version=\"1.0\"?><a b='c'>&lt;&#65;<![CDATA[<]]></a>", "score": true},
        {"output": "<team><name>tech</team>", "score": false,
         "comment": "line 1, column 19: mismatched tag"},
        {"output": "<a>&nbsp;</a>", "score": false,
         "comment": "line 1, column 4: undefined entity"},
        {"output": "Here it is: <a/>", "score": false},
        {"output": "", "score": false, "comment": "line 1, column 1: no element found"}
    ])",
    .make = &make_xml_valid};

}  // namespace assay
