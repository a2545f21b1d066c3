#include "server/api/server_log.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "core/base/text.hpp"

namespace assay {

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
        line += fmt::format(" {}={}", name, terminal_safe(as_text(value)));
    }
    write(line + "\n");
}

}  // namespace assay
