#include <fmt/format.h>
#include <fmt/ranges.h>

#include "configs/judge_template.hpp"
#include "core/base/diagnostic.hpp"
#include "core/base/files.hpp"
#include "core/base/text.hpp"
#include "runner/cli/commands.hpp"
#include "runner/report/grid.hpp"

namespace assay {
namespace {

/// What the score can be, in a few words: "0 to 1", "true or false", "one of 3".
std::string scale_in_short(const VerdictScale& scale) {
    if (scale.score_type() == ScoreDataType::boolean) return "true or false";
    if (scale.score_type() == ScoreDataType::categorical) {
        return fmt::format("one of {}", scale.points.size());
    }
    if (!scale.scores_points) return fmt::format("{:g} to {:g}", scale.min, scale.max);
    return fmt::format("{:g} to {:g}", *scale.points.back().score, *scale.points.front().score);
}

OrderedJson to_json(const JudgeTemplate& judge) {
    OrderedJson json;
    json["id"] = judge.id;
    json["version"] = judge.version;
    json["summary"] = judge.summary;
    json["data_type"] = to_string(judge.output.score_type());
    json["variables"] = OrderedJson::object();
    for (const JudgeTemplate::Variable& variable : judge.variables) {
        json["variables"][variable.name] = variable.description;
    }
    json["points"] = OrderedJson::array();
    for (const VerdictScale::Point& point : judge.output.points) {
        OrderedJson one = {{"label", point.label}, {"meaning", point.meaning}};
        one["score"] = point.score ? OrderedJson(*point.score) : OrderedJson(nullptr);
        json["points"].push_back(std::move(one));
    }
    json["sha256"] = judge.sha256;
    json["text"] = judge.text;
    return json;
}

void print_wrapped(std::string_view text, std::size_t indent, const Console& console) {
    for (const std::string& line : wrap(text, console.columns - indent)) {
        print_out(fmt::format("{:{}}{}\n", "", indent, line));
    }
}

void print_list(const Console& console) {
    std::size_t name_width = 0;
    std::size_t scale_width = 0;
    for (const JudgeTemplate& judge : list_judge_templates()) {
        name_width = std::max(name_width, judge.id.size());
        scale_width = std::max(scale_width, scale_in_short(judge.output).size());
    }
    print_out("Judge templates (assay templates NAME shows one):\n");
    for (const JudgeTemplate& judge : list_judge_templates()) {
        const std::size_t indent = name_width + scale_width + 6;
        std::string head = fmt::format("  {:<{}}  {:<{}}  ", judge.id, name_width,
                                       scale_in_short(judge.output), scale_width);
        for (const std::string& line : wrap(judge.summary, console.columns - indent)) {
            print_out(fmt::format("{}{}\n", head, line));
            head.assign(indent, ' ');
        }
    }
    print_out(
        "\nIn a spec: evaluators: [{type: judge, template: NAME, provider: \"openai:...\"}]\n");
}

void print_template(const JudgeTemplate& judge, const Console& console) {
    print_out(fmt::format("{} (version {}, {})\n", judge.id, judge.version,
                          to_string(judge.output.score_type())));
    print_wrapped(judge.summary, 0, console);
    print_out("\nVariables:\n");
    for (const JudgeTemplate::Variable& variable : judge.variables) {
        print_out(fmt::format("  {:<16} {}{}\n", variable.name, variable.description,
                              variable.needed ? "" : " (may be missing)"));
    }
    print_out("\nVerdicts:\n");
    for (const VerdictScale::Point& point : judge.output.points) {
        const std::string worth = point.score ? fmt::format(" = {:g}", *point.score) : "";
        print_out(fmt::format("  {}{}\n", point.label, worth));
        print_wrapped(point.meaning, 6, console);
    }
    for (const JudgeTemplate::Message& message : judge.prompt) {
        print_out(fmt::format("\n[{}]\n", message.role));
        for (const std::string_view line : split(message.content.text(), '\n')) {
            print_out(fmt::format("{}\n", line));
        }
    }
}

Result<void> write_copy(const JudgeTemplate& judge, const std::string& path) {
    if (!path.ends_with(".yaml")) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("--out {}: a template is a file that ends in .yaml", path));
    }
    if (std::filesystem::exists(path)) {
        return failure(ErrorCode::already_exists,
                       fmt::format("{} is there already; name another file", path));
    }
    ASSAY_CHECK(write_file_atomically(path, judge.text));
    print_out(
        fmt::format("wrote {}: change it, and name it as `template: FILE`, relative to the "
                    "spec\n",
                    path));
    return {};
}

Result<ExitCode> show_template(const TemplatesArguments& arguments, const Console& console) {
    if (arguments.name.empty()) {
        return failure(ErrorCode::invalid_argument,
                       "--out: say which template, as in `assay templates tone --out tone.yaml`");
    }
    const JudgeTemplate* const judge = find_judge_template(arguments.name);
    if (judge == nullptr) {
        return failure(
            ErrorCode::not_found,
            fmt::format("unknown judge template \"{}\"{} (`assay templates` lists them)",
                        arguments.name, did_you_mean(arguments.name, judge_template_ids())));
    }
    if (!arguments.out.empty()) {
        ASSAY_CHECK(write_copy(*judge, arguments.out));
    } else if (arguments.json) {
        print_out(to_pretty_text(OrderedJson::array({to_json(*judge)})));
    } else {
        print_template(*judge, console);
    }
    return ExitCode::ok;
}

}  // namespace

ExitCode templates_command(const TemplatesArguments& arguments, const Console& console) {
    if (!arguments.name.empty() || !arguments.out.empty()) {
        return end_with(show_template(arguments, console));
    }
    if (!arguments.json) {
        print_list(console);
        return ExitCode::ok;
    }
    OrderedJson list = OrderedJson::array();
    for (const JudgeTemplate& judge : list_judge_templates()) list.push_back(to_json(judge));
    print_out(to_pretty_text(list));
    return ExitCode::ok;
}

}  // namespace assay
