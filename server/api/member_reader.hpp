#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "server/api/validation.hpp"

namespace assay {

/// Reads the members of an object that was sent and notes what is wrong with them, so that one
/// answer names all of it: read everything, then look at the faults. A member that is null counts
/// as absent.
class MemberReader {
  public:
    /// @param path  of the object in the body.
    MemberReader(const Json& object, std::vector<Invalid>& faults, std::vector<Json> path = {})
        : object_(&object), faults_(&faults), path_(std::move(path)) {}

    /// The member, or null.
    [[nodiscard]] const Json& find(const char* name) const;
    [[nodiscard]] std::string required_text(const char* name);  ///< not empty
    [[nodiscard]] std::optional<std::string> text(const char* name);
    [[nodiscard]] std::optional<std::string> choice(const char* name,
                                                    std::span<const std::string_view> choices);
    [[nodiscard]] std::optional<double> number(const char* name);  ///< finite
    [[nodiscard]] std::optional<std::int64_t> integer(const char* name);
    [[nodiscard]] std::optional<bool> boolean(const char* name);
    [[nodiscard]] std::optional<Time> time(const char* name);
    /// The list, or nullptr.
    [[nodiscard]] const Json* array(const char* name);
    [[nodiscard]] std::optional<std::vector<std::string>> texts(const char* name);
    /// The object, or nullptr.
    [[nodiscard]] const Json* object(const char* name);
    /// A reader of an object in a list that is a member.
    [[nodiscard]] MemberReader element(const char* name, std::size_t index);

    /// Notes what only the caller can see. @param name  "" = the object itself.
    void refuse(const char* name, std::string code, std::string message);

  private:
    [[nodiscard]] std::vector<Json> path_of(const char* name) const;
    void wrong(const char* name, std::string_view expected);

    const Json* object_;
    std::vector<Invalid>* faults_;
    std::vector<Json> path_;
};

}  // namespace assay
