#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"

namespace assay {

enum class LogForm : std::uint8_t { text, json };

/// What the server tells its operator: a line an event on stderr, with fields. Values cannot begin
/// a line of their own. Any thread may write.
class ServerLog {
  public:
    using Fields = std::initializer_list<std::pair<const char*, Json>>;

    explicit ServerLog(LogForm form) : form_(form) {}
    virtual ~ServerLog() = default;

    void info(std::string_view event, Fields fields = {}) { log("info", event, fields); }
    void warning(std::string_view event, Fields fields = {}) { log("warning", event, fields); }

  protected:
    virtual void write(const std::string& line);

  private:
    void log(std::string_view level, std::string_view event, const Fields& fields);

    LogForm form_;
    SystemClock clock_;
};

}  // namespace assay
