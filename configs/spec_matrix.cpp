#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "configs/spec_parts.hpp"

namespace assay {
namespace {

constexpr std::size_t k_variants_max = 256;
constexpr const char* k_matrix = "/matrix";
constexpr const char* k_variants = "/variants";

/// One cell of the matrix: key -> value, and where each value was written.
struct Combination {
    std::map<std::string, Json> values;
    std::map<std::string, std::string> pointers;

    void add(const std::string& key, const Json& value, std::string pointer) {
        values[key] = value;
        pointers[key] = std::move(pointer);
    }
    [[nodiscard]] bool has_all_of(const Json& entry) const {
        return std::ranges::all_of(entry.items(), [this](const auto& member) {
            const auto own = values.find(member.key());
            return own != values.end() && own->second == member.value();
        });
    }
};

/// Turns `matrix` into the variants it stands for. Holds what the steps share.
class MatrixExpander {
  public:
    explicit MatrixExpander(LocatedDocument& document)
        : document_(document), matrix_(document.value["matrix"]) {}

    void expand();

  private:
    void mistake(std::string_view pointer, std::string message) {
        document_.diagnostics.push_back({document_.places.find(pointer), std::move(message)});
    }
    [[nodiscard]] bool is_well_formed();
    [[nodiscard]] bool are_maps(const char* name);
    [[nodiscard]] std::vector<std::string> dimensions() const;
    [[nodiscard]] std::vector<Combination> product() const;
    void leave_out(std::vector<Combination>& combinations) const;
    void put_in(std::vector<Combination>& combinations) const;
    void write(const std::vector<Combination>& combinations);

    LocatedDocument& document_;
    Json matrix_;
};

bool MatrixExpander::are_maps(const char* name) {
    if (!matrix_.contains(name)) return true;
    const Json& entries = matrix_[name];
    const bool maps = entries.is_array() &&
                      std::ranges::all_of(entries, [](const Json& e) { return e.is_object(); });
    if (!maps)
        mistake(pointer_to(k_matrix, name),
                fmt::format("`matrix.{}` must be a list of maps", name));
    return maps;
}

bool MatrixExpander::is_well_formed() {
    if (!matrix_.is_object()) {
        mistake(k_matrix, fmt::format("`matrix` must be a map of keys of `task` and lists of "
                                      "values, not {}",
                                      type_phrase(matrix_)));
        return false;
    }
    bool well_formed = are_maps("include") && are_maps("exclude");
    std::size_t count = 1;
    for (const std::string& key : dimensions()) {
        const Json& values = matrix_[key];
        if (!values.is_array() || values.empty()) {
            mistake(pointer_to(k_matrix, key),
                    fmt::format("`matrix.{}` must be a list with at least one value", key));
            well_formed = false;
            continue;
        }
        count = std::min(count * values.size(), k_variants_max + 1);
    }
    if (count > k_variants_max) {
        mistake(k_matrix, fmt::format("`matrix` makes more than {} variants", k_variants_max));
        return false;
    }
    return well_formed;
}

std::vector<std::string> MatrixExpander::dimensions() const {
    std::vector<std::string> keys;
    for (const auto& [key, values] : matrix_.items()) {
        if (key != "include" && key != "exclude") keys.push_back(key);
    }
    return keys;
}

std::vector<Combination> MatrixExpander::product() const {
    std::vector<Combination> combinations(1);
    for (const std::string& key : dimensions()) {
        const Json& values = matrix_[key];
        std::vector<Combination> longer;
        for (const Combination& combination : combinations) {
            for (std::size_t i = 0; i < values.size(); ++i) {
                longer.push_back(combination);
                longer.back().add(key, values[i], pointer_to(pointer_to(k_matrix, key), i));
            }
        }
        combinations = std::move(longer);
    }
    if (dimensions().empty()) combinations.clear();
    return combinations;
}

void MatrixExpander::leave_out(std::vector<Combination>& combinations) const {
    if (!matrix_.contains("exclude")) return;
    for (const Json& entry : matrix_["exclude"]) {
        std::erase_if(combinations,
                      [&entry](const Combination& each) { return each.has_all_of(entry); });
    }
}

/// As GitHub Actions does: an entry extends every combination of which it overwrites no original
/// value; when there is none it is a combination of its own.
void MatrixExpander::put_in(std::vector<Combination>& combinations) const {
    if (!matrix_.contains("include")) return;
    const std::vector<Combination> originals = combinations;
    for (std::size_t i = 0; i < matrix_["include"].size(); ++i) {
        const Json& entry = matrix_["include"][i];
        const std::string pointer = pointer_to(pointer_to(k_matrix, "include"), i);
        const auto extend = [&](Combination& combination) {
            for (const auto& [key, value] : entry.items()) {
                combination.add(key, value, pointer_to(pointer, key));
            }
        };
        bool extended = false;
        for (std::size_t at = 0; at < originals.size(); ++at) {
            const bool overwrites = std::ranges::any_of(entry.items(), [&](const auto& member) {
                const auto own = originals[at].values.find(member.key());
                return own != originals[at].values.end() && own->second != member.value();
            });
            if (overwrites) continue;
            extend(combinations[at]);
            extended = true;
        }
        if (!extended) extend(combinations.emplace_back());
    }
}

/// The forms of one value as part of a name, the shortest first.
std::vector<std::string> name_forms(const Json& value) {
    if (!value.is_string()) return {to_text(value)};
    const std::string& text = value.get_ref<const std::string&>();
    const std::string file = text.substr(text.rfind('/') + 1);
    const std::string model = text.substr(text.find(':') + 1);
    const bool is_file =
        file.find(' ') == std::string::npos && file.rfind('.') != std::string::npos;
    std::vector<std::string> forms = {model, text};
    if (is_file) forms.insert(forms.begin(), file.substr(0, file.rfind('.')));
    return forms;
}

/// How each value of one key is called: all by the shortest form that tells them apart.
std::map<Json, std::string> names_of(const std::set<Json>& values) {
    for (std::size_t form = 0; form < 3; ++form) {
        std::map<Json, std::string> names;
        std::set<std::string> taken;
        for (const Json& value : values) {
            const auto forms = name_forms(value);
            const std::string& name = forms[std::min(form, forms.size() - 1)];
            names[value] = name;
            taken.insert(name);
        }
        if (taken.size() == values.size()) return names;
    }
    std::map<Json, std::string> names;
    for (const Json& value : values) names[value] = to_text(value);
    return names;
}

/// A name for each combination, from the keys in which they differ.
std::vector<std::string> names_of(const std::vector<Combination>& combinations) {
    std::map<std::string, std::set<Json>> values;
    for (const Combination& combination : combinations) {
        for (const auto& [key, value] : combination.values) values[key].insert(value);
    }
    std::vector<std::string> names(combinations.size());
    for (const auto& [key, distinct] : values) {
        const bool in_all = std::ranges::all_of(
            combinations, [&key](const Combination& each) { return each.values.contains(key); });
        if (distinct.size() == 1 && in_all && values.size() > 1) continue;
        const auto called = names_of(distinct);
        for (std::size_t i = 0; i < combinations.size(); ++i) {
            const auto own = combinations[i].values.find(key);
            if (own == combinations[i].values.end()) continue;
            names[i] += (names[i].empty() ? "" : "/") + called.at(own->second);
        }
    }
    for (std::string& name : names) {
        if (name.empty()) name = "default";
    }
    return names;
}

void MatrixExpander::write(const std::vector<Combination>& combinations) {
    const std::vector<std::string> names = names_of(combinations);
    Json variants = Json::array();
    for (std::size_t i = 0; i < combinations.size(); ++i) {
        const std::string variant = pointer_to(k_variants, i);
        Json entry = {{"name", names[i]}};
        document_.places.set(variant, document_.places.find(k_matrix));
        for (const auto& [key, value] : combinations[i].values) {
            entry[key] = value;
            const std::string& written = combinations[i].pointers.at(key);
            document_.places.set(pointer_to(variant, key), document_.places.find(written));
            document_.places.set_key(pointer_to(variant, key),
                                     document_.places.find_key(pointer_to(k_matrix, key)));
        }
        variants.push_back(std::move(entry));
    }
    document_.value["variants"] = std::move(variants);
}

void MatrixExpander::expand() {
    if (!is_well_formed()) return;
    std::vector<Combination> combinations = product();
    leave_out(combinations);
    put_in(combinations);
    if (combinations.empty()) {
        mistake(k_matrix, "`matrix` leaves no variant; give it a key of `task` with values");
        return;
    }
    write(combinations);
}

}  // namespace

void expand_matrix(LocatedDocument& document) {
    if (!document.value.contains("matrix")) return;
    if (document.value.contains("variants")) {
        document.diagnostics.push_back({document.places.find_key(k_matrix),
                                        "`matrix` stands instead of `variants`; keep one of them"});
    } else {
        MatrixExpander(document).expand();
    }
    document.value.erase("matrix");
}

}  // namespace assay
