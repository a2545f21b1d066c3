#include "configs/load_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "configs/spec_parts.hpp"
#include "core/base/files.hpp"
#include "core/base/hash.hpp"
#include "core/base/text.hpp"

namespace assay {
namespace {

constexpr std::uint64_t k_repetitions_max = 1'000'000;

const KnownNames& spec_keys() {
    static const KnownNames k_keys = {
        .names = {"experiment", "description", "tags", "metadata", "providers", "prices", "dataset",
                  "task", "variants", "matrix", "repetitions", "evaluators", "run_evaluators",
                  "gates", "gate_defaults", "stop", "execution", "$schema"},
        .later = {}};
    return k_keys;
}

/// Keys that begin with x- are a place for anchors and mean nothing to us.
void erase_extensions(Json& spec) {
    std::erase_if(spec.get_ref<Json::object_t&>(),
                  [](const auto& member) { return member.first.starts_with("x-"); });
}

/// "${NAME}" is no secret; anything else that stands where a secret goes is taken for one.
void redact(Json& value) {
    const std::string* const text = value.get_ptr<const std::string*>();
    const bool reference =
        text != nullptr && text->starts_with("${") && text->find('}') + 1 == text->size();
    if (!reference) value = "[redacted]";
}

/// The headers of `settings`; what stands in the place of a map of them may be one, too.
void redact_headers(Json& settings) {
    const auto headers = settings.find("headers");
    if (headers == settings.end()) return;
    for (Json& header : *headers) redact(header);
}

/// Types have keys of their own, and a spec may write any of them out: by its name one that holds
/// a key is told from the rest.
bool names_secret(std::string_view key) {
    const std::string name = to_lower_ascii(key);
    return std::ranges::any_of(
        std::array{"key", "secret", "token", "password", "credential", "assertion"},
        [&name](const char* word) { return name.contains(word); });
}

void redact_provider(Json& provider) {
    for (auto& [key, value] : provider.items()) {
        if (names_secret(key)) redact(value);
        // Proxies take a user name and a password in their address.
        const bool is_login = key == "proxy" && as_text(value).contains('@');
        if (is_login) redact(value);
    }
    redact_headers(provider);
}

void redact_providers(Json& providers) {
    for (Json& provider : providers) {
        if (provider.is_object()) {
            redact_provider(provider);
        } else {
            redact(provider);  // a mistake; what was meant for a key may stand here
        }
    }
}

void redact_services(Json& task) {
    if (!task.is_object()) return;
    if (task.contains("http") && task["http"].is_object()) redact_headers(task["http"]);
    if (!task.contains("steps")) return;
    for (Json& step : task["steps"]) redact_services(step);
}

Json without_secrets(Json spec) {
    spec.erase("$schema");
    if (spec.contains("providers") && spec["providers"].is_object()) {
        redact_providers(spec["providers"]);
    }
    if (spec.contains("task")) redact_services(spec["task"]);
    if (spec.contains("variants")) {
        for (Json& variant : spec["variants"]) redact_services(variant);
    }
    return spec;
}

/// With `cache: replay` nothing is called, so a key need not be there.
bool is_replay(const Json& spec) {
    const auto execution = spec.find("execution");
    if (execution == spec.end() || !execution->is_object()) return false;
    const auto cache = execution->find("cache");
    return cache != execution->end() && *cache == "replay";
}

void read_prices(const SpecReader& prices, const SpecFiles& files, ExperimentSpec& read) {
    const auto written = prices.text();
    if (!written) return;
    if (const auto path = files.locate(prices, *written)) read.prices = *path;
}

void read_all_gates(const SpecReader& spec, ExperimentSpec& read) {
    GateContext context{
        .variants = read.variants, .run_evaluators = read.run_evaluators, .defaults = {}};
    if (const auto defaults = spec.find("gate_defaults")) {
        context.defaults = read_gate_defaults(*defaults);
    }
    if (const auto gates = spec.find("gates")) read.gates = read_gates(*gates, context);
    if (const auto stop = spec.find("stop")) read.stop = read_stop(*stop);
}

void read_spec(const SpecReader& spec, const LoadOptions& options, ExperimentSpec& read) {
    SpecFiles files(read.folder, options.stored_prompts);
    const Environment environment{.values = options.environment,
                                  .may_miss = is_replay(spec.value())};
    (void)spec.expect_map(spec_keys());
    if (spec.require("experiment")) read_text(spec, "experiment", read.experiment);
    read_text(spec, "description", read.description);
    if (const auto tags = spec.find("tags")) read.tags = tags->texts();
    if (const auto metadata = spec.find("metadata"); metadata && metadata->expect_map()) {
        read.metadata = metadata->value();
    }
    if (const auto providers = spec.find("providers")) {
        read.providers = read_providers(*providers, environment, files);
    }
    if (const auto prices = spec.find("prices")) read_prices(*prices, files, read);
    if (const auto dataset = spec.require("dataset")) read.dataset = read_dataset(*dataset, files);
    read.variants = read_variants(spec, environment, files);
    if (const auto repetitions = spec.find("repetitions")) {
        read.repetitions = static_cast<int>(repetitions->whole(1, k_repetitions_max).value_or(1));
    }
    if (const auto evaluators = spec.find("evaluators")) {
        read.evaluators = read_evaluators(*evaluators, read.variants, files);
    }
    if (const auto evaluators = spec.find("run_evaluators")) {
        read.run_evaluators = read_run_evaluators(*evaluators);
    }
    read_all_gates(spec, read);
    if (const auto execution = spec.find("execution")) {
        read.execution = read_execution(*execution);
    }

    read.document = without_secrets(spec.value());
    read.sha256 = sha256_hex(to_text(read.document) + "\n" + files.fingerprint());
}

/// In the order of the file, each once: a key of `task` is read for every variant.
void sort_and_unite(Diagnostics& diagnostics) {
    const auto key = [](const Diagnostic& d) {
        return std::tie(d.place.file, d.place.line, d.place.column, d.message);
    };
    std::ranges::sort(diagnostics, {}, key);
    const auto repeats = std::ranges::unique(diagnostics, {}, key);
    diagnostics.erase(repeats.begin(), repeats.end());
}

/// The spec as a map, or the one sentence that says why there is none.
std::optional<LocatedDocument> read_document(const std::filesystem::path& path,
                                             Diagnostics& diagnostics) {
    const auto text = read_file(path, limits::k_spec_bytes_max);
    if (!text) {
        const bool missing = text.error().code == ErrorCode::not_found;
        diagnostics.push_back({{}, text.error().message + (missing ? nearest_file(path) : "")});
        return std::nullopt;
    }
    LocatedDocument document =
        parse_located(*text, path.string(), {.words = plain_word_pointers()});
    const bool readable = document.diagnostics.empty() || !document.value.is_null();
    diagnostics = std::move(document.diagnostics);
    document.diagnostics.clear();
    if (!readable) return std::nullopt;
    if (document.value.is_object()) return document;
    const Place whole = {.file = path.string(), .line = 0, .column = 0};
    diagnostics.push_back(
        {whole, document.value.is_null()
                    ? "the file is empty; `assay init` writes a spec to begin with"
                    : fmt::format("a spec is a map of keys such as `experiment`, not {}",
                                  type_phrase(document.value))});
    return std::nullopt;
}

}  // namespace

LoadedSpec load_spec(const std::filesystem::path& path, const LoadOptions& options) {
    LoadedSpec loaded;
    loaded.spec.file = path;
    loaded.spec.folder = path.parent_path();
    auto document = read_document(path, loaded.diagnostics);
    if (!document) {
        sort_and_unite(loaded.diagnostics);
        return loaded;
    }
    for (const std::string& argument : options.overrides) apply_override(argument, *document);
    expand_matrix(*document);
    std::ranges::move(document->diagnostics, std::back_inserter(loaded.diagnostics));
    erase_extensions(document->value);
    loaded.places = std::move(document->places);
    read_spec({document->value, {}, {&loaded.places, &loaded.diagnostics}}, options, loaded.spec);
    sort_and_unite(loaded.diagnostics);
    return loaded;
}

}  // namespace assay
