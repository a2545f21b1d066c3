#include "server/api/server_log.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "core/base/text.hpp"

namespace assay {
namespace {

/// In quotes where a reader could not tell its end, or take its end for another field.
std::string plain_value(const std::string& text) {
    const bool is_word = !text.empty() && text.find_first_of(" \t\n\"=") == std::string::npos;
    return terminal_safe(is_word ? text : to_text(Json(text)));
}

}  // namespace

void ServerLog::write(const std::string& line) {
    (void)std::fputs(line.c_str(), stderr);  // one call: lines of several threads stay whole
}

void ServerLog::log(std::string_view level, std::string_view event, const Fields& fields) {
    const std::string time = to_rfc3339(clock_.now());
    if (form_ == LogForm::json) {
        OrderedJson line = {{"time", time}, {"level", level}, {"event", event}};
        for (const auto& [name, value] : fields) line[name] = value;
        write(to_text(line) + "\n");
        return;
    }
    std::string line = fmt::format("{} {:<7} {}", time, level, event);
    for (const auto& [name, value] : fields) {
        line += fmt::format(" {}={}", name, plain_value(as_text(value)));
    }
    write(line + "\n");
}

}  // namespace assay
