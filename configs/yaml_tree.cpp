#include "configs/yaml_tree.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "configs/plain_scalar.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"

namespace assay {
namespace {

/// Builds the tree from the parser's events. The parser's own node type is not used: it follows
/// aliases into cycles, drops duplicate keys and reads `017` as 15.
class TreeBuilder final : public YAML::EventHandler {
  public:
    explicit TreeBuilder(TextPlaces places) : places_(std::move(places)) {}

    void OnDocumentStart(const YAML::Mark& mark) override;
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        if (!stopped_) add({.place = place_of_null(mark)}, anchor);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override;
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        open(YamlNode::Kind::sequence, mark, tag, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        open(YamlNode::Kind::mapping, mark, tag, anchor);
    }
    void OnMapEnd() override { close(); }

    void syntax_error(const YAML::Exception& error);
    /// True when the tree ends in the middle.
    [[nodiscard]] bool is_broken() const { return broken_; }

    YamlTree tree;

  private:
    /// A sequence or mapping that is not complete yet.
    struct Frame {
        std::size_t node = 0;
        std::size_t offset = 0;
        bool has_key = false;      ///< the next node is the value of the last entry's key
        bool is_template = false;  ///< not a mapping at all, but an unquoted `{{name}}`
        std::set<std::string> keys;
    };

    [[nodiscard]] Place place_of(const YAML::Mark& mark) {
        return places_.at(mark.is_null() ? 0 : static_cast<std::size_t>(mark.pos));
    }
    [[nodiscard]] Place place_of_null(const YAML::Mark& mark);
    [[nodiscard]] bool expects_key() const {
        return !frames_.empty() && !frames_.back().has_key &&
               tree.nodes[frames_.back().node].kind == YamlNode::Kind::mapping;
    }
    void mistake(Place place, std::string message) {
        tree.diagnostics.push_back({std::move(place), std::move(message)});
    }
    void refuse(Place place, std::string message) {
        mistake(std::move(place), std::move(message));
        stopped_ = true;
        broken_ = true;
    }
    std::size_t add(YamlNode node, YAML::anchor_t anchor);
    void add_key(Frame& frame, const YamlNode& node);
    void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
              YAML::anchor_t anchor);
    void close();
    void check_tag(const std::string& tag, const Place& place);
    [[nodiscard]] bool is_unclosed_quote(std::size_t offset) const;

    TextPlaces places_;
    std::vector<Frame> frames_;
    std::map<YAML::anchor_t, std::size_t> anchors_;
    int documents_ = 0;
    int template_line_ = 0;  ///< of the last unquoted `{{`
    bool stopped_ = false;   ///< what follows is not looked at
    bool broken_ = false;
};

void TreeBuilder::OnDocumentStart(const YAML::Mark& mark) {
    if (++documents_ == 1) return;
    const Place place = place_of(mark);
    if (places_.text().substr(static_cast<std::size_t>(mark.pos)).starts_with("---")) {
        mistake(place,
                "a second YAML document begins here and would be ignored; keep one document in a "
                "file, without `---` between parts");
        stopped_ = true;
    } else {
        refuse(place, "this is not valid YAML: it belongs to nothing above it; put text in quotes");
    }
}

Place TreeBuilder::place_of_null(const YAML::Mark& mark) {
    // A null that is not written out has the place of whatever comes next.
    const std::string_view text = places_.text();
    const std::size_t offset = std::min(static_cast<std::size_t>(mark.pos), text.size());
    const bool written =
        text.substr(offset).starts_with('~') || to_lower_ascii(text.substr(offset, 4)) == "null";
    if (written || frames_.empty()) return places_.at(offset);
    const Frame& frame = frames_.back();
    if (frame.has_key) return tree.nodes[frame.node].entries.back().key_place;
    const std::size_t before = text.substr(0, offset).find_last_not_of(" \t\r\n");
    return places_.at(before == std::string_view::npos ? offset : before);
}

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (stopped_) return;
    const std::size_t target = anchors_.at(anchor);
    for (const Frame& frame : frames_) {
        if (frame.node == target) {
            refuse(place_of(mark),
                   "this alias stands inside the value that it repeats, so it "
                   "would never end");
            return;
        }
    }
    add({.kind = YamlNode::Kind::alias, .place = place_of(mark), .target = target}, 0);
}

void TreeBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
    if (stopped_) return;
    const Place place = place_of(mark);
    const bool plain = tag == "?";
    YamlNode node{.place = place, .scalar = value};
    if (!plain) {
        check_tag(tag, place);
        if (is_unclosed_quote(static_cast<std::size_t>(mark.pos))) {
            refuse(place, "the quote that begins here is never closed");
            return;
        }
    } else if (expects_key()) {
        node.kind = YamlNode::Kind::scalar;
    } else {
        PlainScalar resolved = resolve_plain_scalar(value);
        node.trap = std::move(resolved.trap);
        node.scalar = std::move(resolved.value);
    }
    const bool merge = plain && value == "<<" && expects_key();
    add(std::move(node), anchor);
    if (merge && !stopped_) tree.nodes[frames_.back().node].entries.back().merge = true;
}

std::size_t TreeBuilder::add(YamlNode node, YAML::anchor_t anchor) {
    const std::size_t index = tree.nodes.size();
    if (index >= limits::k_yaml_nodes_max) {
        refuse(node.place,
               fmt::format("there are more than {} values in this file; a dataset of that "
                           "size belongs into a .jsonl file",
                           limits::k_yaml_nodes_max));
        return index;
    }
    if (anchor != 0) anchors_[anchor] = index;
    if (!frames_.empty()) {
        Frame& frame = frames_.back();
        std::vector<YamlNode::Entry>& entries = tree.nodes[frame.node].entries;
        if (tree.nodes[frame.node].kind == YamlNode::Kind::sequence) {
            entries.push_back({.value = index});
        } else if (frame.has_key) {
            entries.back().value = index;
            frame.has_key = false;
        } else {
            add_key(frame, node);
        }
    }
    tree.nodes.push_back(std::move(node));
    return index;
}

void TreeBuilder::add_key(Frame& frame, const YamlNode& node) {
    frame.has_key = true;
    YamlNode::Entry entry{.key_place = node.place};
    if (node.kind == YamlNode::Kind::scalar && node.scalar.is_string()) {
        entry.key = node.scalar.get<std::string>();
        if (!frame.keys.insert(entry.key).second) {
            mistake(node.place, fmt::format("the key \"{}\" stands twice in one map", entry.key));
        }
    } else {
        entry.ignored = true;
        if (!frame.is_template) mistake(node.place, "a key must be text");
    }
    tree.nodes[frame.node].entries.push_back(std::move(entry));
}

void TreeBuilder::open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor) {
    if (stopped_) return;
    const Place place = place_of(mark);
    if (frames_.size() >= limits::k_yaml_depth_max) {
        refuse(place, fmt::format("nesting is deeper than {} levels", limits::k_yaml_depth_max));
        return;
    }
    check_tag(tag, place);
    if (expects_key()) {
        Frame& frame = frames_.back();
        if (places_.text().substr(frame.offset).starts_with("{{")) {
            frame.is_template = true;
            const Place& at = tree.nodes[frame.node].place;
            template_line_ = at.line;
            mistake(at, "a text that begins with `{{` must be in quotes: \"{{name}} ...\"");
        }
    }
    const std::size_t node = add({.kind = kind, .place = place}, anchor);
    frames_.push_back({.node = node, .offset = static_cast<std::size_t>(mark.pos)});
}

void TreeBuilder::close() {
    if (stopped_) return;
    const Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (!frame.is_template) return;
    // It is reported; as text it causes no second message.
    tree.nodes[frame.node] = {.place = tree.nodes[frame.node].place, .scalar = "template"};
}

void TreeBuilder::check_tag(const std::string& tag, const Place& place) {
    static const std::set<std::string> k_harmless = {
        "", "?", "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"};
    if (k_harmless.contains(tag)) return;
    constexpr std::string_view k_core = "tag:yaml.org,2002:";
    const std::string shown = tag.starts_with(k_core) ? "!!" + tag.substr(k_core.size()) : tag;
    mistake(place, fmt::format("the tag {} has no meaning here; remove it", shown));
}

/// The parser takes the end of the file for a closing quote.
bool TreeBuilder::is_unclosed_quote(std::size_t offset) const {
    const std::string_view text = places_.text();
    if (offset >= text.size()) return false;
    const char quote = text[offset];
    if (quote != '"' && quote != '\'') return false;
    for (std::size_t at = offset + 1; at < text.size(); ++at) {
        const bool doubled = quote == '\'' && text.substr(at).starts_with("''");
        const bool escaped = quote == '"' && text[at] == '\\';
        if (doubled || escaped) {
            ++at;
        } else if (text[at] == quote) {
            return false;
        }
    }
    return true;
}

void TreeBuilder::syntax_error(const YAML::Exception& error) {
    static const std::map<std::string, std::string> k_plain_words = {
        {"illegal map value", "a `:` stands where none can be; put text that holds one in quotes"},
        {"end of map not found",
         "this does not belong to the map above: check the indentation, and put text in quotes"},
        {"end of sequence not found",
         "this does not belong to the list above: check the indentation"},
        {"end of map flow not found", "a `{` is not closed, or a comma is missing"},
        {"end of sequence flow not found", "a `[` is not closed, or a comma is missing"},
        {"unknown token", "a plain text cannot begin with this character; put it in quotes"},
        {"the referenced anchor is not defined",
         "this alias names an anchor that is not defined "
         "above it"}};
    broken_ = true;
    const Place place = place_of(error.mark);
    // An unquoted `{{` has been reported, and it is the cause.
    if (template_line_ == place.line || stopped_) return;

    const std::string_view text = places_.text();
    const auto offset = static_cast<std::size_t>(std::max(error.mark.pos, 0));
    const std::size_t line_end = text.substr(0, offset).rfind('\n');
    const std::string_view line =
        text.substr(line_end == std::string_view::npos ? 0 : line_end + 1);
    const std::size_t indented = line.find_first_not_of(" \t");
    if (line.substr(0, indented).contains('\t')) {
        mistake(place, "this is not valid YAML: lines are indented with spaces, never with tabs");
        return;
    }
    const auto known = k_plain_words.find(error.msg);
    mistake(place, fmt::format("this is not valid YAML: {}",
                               known == k_plain_words.end() ? error.msg : known->second));
}

}  // namespace

YamlTree parse_yaml_tree(TextPlaces places) {
    std::istringstream stream{std::string(places.text())};
    TreeBuilder builder(std::move(places));
    try {
        YAML::Parser parser(stream);
        // One document, and a look at whether there is another. Not all of them: at a stray comma
        // the parser finds one more empty document for ever.
        if (parser.HandleNextDocument(builder)) (void)parser.HandleNextDocument(builder);
    } catch (const YAML::Exception& error) {
        builder.syntax_error(error);
    }
    if (builder.is_broken()) builder.tree.nodes.clear();
    return std::move(builder.tree);
}

}  // namespace assay
