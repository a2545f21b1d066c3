#include "runner/cli/serve_config.hpp"

#include <filesystem>
#include <limits>

#include "configs/located_document.hpp"
#include "configs/spec_reader.hpp"
#include "core/base/files.hpp"
#include "core/base/limits.hpp"

namespace assay {
namespace {

/// Reads the file's keys into the arguments; an option of the command line is left as it is, and
/// its key is checked all the same.
class ConfigReader {
  public:
    ConfigReader(const SpecReader& file, const ServeArguments& arguments)
        : file_(file),
          folder_(std::filesystem::path(arguments.config).parent_path()),
          given_(arguments.given) {}

    void text(const std::string& key, std::string& field) {
        if (const auto member = find(key)) set(key, member->text(), field);
    }
    void path(const std::string& key, std::string& field) {
        const auto member = find(key);
        if (!member) return;
        const auto name = member->text();
        if (name && name->empty()) return member->mistake(member->title() + " must not be empty");
        if (name) set(key, std::optional((folder_ / *name).string()), field);
    }
    void flag(const std::string& key, bool& field) {
        if (const auto member = find(key)) set(key, member->boolean(), field);
    }
    void port(const std::string& key, std::uint16_t& field) {
        if (const auto member = find(key)) {
            set(key, member->whole(0, std::numeric_limits<std::uint16_t>::max()), field);
        }
    }
    void texts(const std::string& key, std::vector<std::string>& field) {
        if (const auto member = find(key)) set(key, std::optional(member->texts()), field);
    }
    void word(const std::string& key, const KnownNames& words, std::string& field) {
        const auto member = find(key);
        const auto name = member ? member->text() : std::nullopt;
        if (name && member->expect_name(key, *name, words)) set(key, name, field);
    }
    /// After all keys were read.
    void refuse_others() const { (void)file_.expect_map(known_); }

  private:
    std::optional<SpecReader> find(const std::string& key) {
        known_.names.push_back(key);
        return file_.find(key);
    }
    template <class Value, class Field>
    void set(const std::string& key, const std::optional<Value>& value, Field& field) const {
        if (value && !given_.contains(key)) field = static_cast<Field>(*value);
    }

    const SpecReader& file_;
    std::filesystem::path folder_;
    const std::set<std::string>& given_;
    KnownNames known_;
};

}  // namespace

Diagnostics read_serve_config(ServeArguments& arguments) {
    const auto text = read_file(arguments.config, limits::k_spec_bytes_max);
    if (!text) return {{{}, text.error().message}};
    LocatedDocument document = parse_located(*text, arguments.config);
    if (document.value.is_null()) return document.diagnostics;  // an empty file says nothing
    const SpecReader file(document.value, {}, {&document.places, &document.diagnostics});
    ConfigReader reader(file, arguments);
    reader.path("data", arguments.data);
    reader.text("host", arguments.host);
    reader.port("port", arguments.port);
    reader.flag("public", arguments.is_public);
    reader.texts("allow-host", arguments.allow_hosts);
    reader.text("base-path", arguments.base_path);
    reader.texts("trusted-proxy", arguments.trusted_proxies);
    reader.path("tls-cert", arguments.tls_certificate);
    reader.path("tls-key", arguments.tls_key);
    reader.flag("tls-by-proxy", arguments.tls_by_proxy);
    reader.word("log", {.names = {"text", "json"}, .later = {}}, arguments.log);
    reader.flag("log-requests", arguments.logs_requests);
    reader.refuse_others();
    return document.diagnostics;
}

}  // namespace assay
