#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/model/template.hpp"
#include "tests/fuzz/harness.hpp"

namespace assay::test {

void fuzz_text_template(std::string_view bytes) {
    static const Json input = {{"question", "{{secret}}"}, {"First name", "A"}, {"list", {1, {}}}};
    static const Json metadata = {{"tier", nullptr}};
    const auto text = TextTemplate::parse(bytes);
    if (!text) return;
    const TemplateScope scope{.input = &input, .metadata = &metadata};
    const auto rendered = text->render(scope);
    (void)text->render_value(scope);
    (void)text->paths();
    if (!text->has_variables()) ASSAY_ASSERT(rendered.has_value(), "a text without names");
    if (!rendered) return;
    ASSAY_ASSERT(rendered->size() <= limits::k_template_output_bytes_max, "bounded");
    const auto again = TextTemplate::parse(text->text());
    ASSAY_ASSERT(again && again->render(scope) == *rendered, "a template's text is that template");
}

}  // namespace assay::test
