#include "runner/cli/dataset_import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/model/json_value.hpp"
#include "datasets/dataset.hpp"
#include "runner/cli/progress_line.hpp"
#include "runner/engine/yaml_rows.hpp"
#include "runner/report/numbers.hpp"
#include "server/resources/dataset_schemas.hpp"

namespace assay {
namespace {

struct ImportCounts {
    std::uint64_t added = 0;
    std::uint64_t changed = 0;
    std::uint64_t unchanged = 0;
    std::uint64_t kept = 0;  ///< items that the file does not have

    [[nodiscard]] std::uint64_t written() const { return added + changed; }
};

/// What is compared of an item that the dataset has.
struct KnownItem {
    std::string content_hash;
    ItemStatus status = ItemStatus::active;
};

std::string content_hash_of(const DatasetItemRecord& record) {
    DatasetItem item;
    item.input = record.input;
    item.expected_output = record.expected_output;
    item.metadata = record.metadata;
    return assay::content_hash_of(item);
}

/// The status that a row says; nothing when it says none.
/// @error invalid_argument for another one.
Result<std::optional<ItemStatus>> status_of(const Json& row) {
    const Json* const status = find_member(row, "status");
    if (status == nullptr || status->is_null()) return std::nullopt;
    for (const ItemStatus known : {ItemStatus::active, ItemStatus::archived}) {
        if (*status == to_string(known)) return known;
    }
    return failure(ErrorCode::invalid_argument,
                   "the \"status\" is neither \"ACTIVE\" nor \"ARCHIVED\"; rename the member if it "
                   "says something else");
}

class DatasetImport {
  public:
    DatasetImport(const DatasetsArguments& arguments, const Console& console, DatasetSource& source)
        : arguments_(arguments), source_(source), progress_(console.error_is_terminal) {}

    [[nodiscard]] Result<ExitCode> run();

  private:
    struct AbsentItem {
        DatasetItemId id;
        std::uint64_t line = 0;
    };
    using ItemVisitor = std::function<Result<void>(const DatasetItem&)>;

    [[nodiscard]] Result<void> read_known();
    [[nodiscard]] std::string check(const DatasetItem& item);
    [[nodiscard]] Result<void> look_elsewhere(Diagnostics& mistakes);
    [[nodiscard]] Result<void> each_item(const Dataset& file, const ItemVisitor& visit);
    [[nodiscard]] Result<void> take(const DatasetItem& item);
    [[nodiscard]] Result<void> put(const DatasetItem& item, std::optional<ItemStatus> status);
    [[nodiscard]] Error as_told(const Error& error) const;
    void tell_result() const;

    const DatasetsArguments& arguments_;
    DatasetSource& source_;
    ProgressLine progress_;
    std::optional<DatasetSchemas> schemas_;
    std::unordered_map<std::string, KnownItem> known_;  ///< items of the dataset, by id
    std::vector<AbsentItem> absent_;  ///< of the file, but not among the active items
    bool is_there_ = false;           ///< the dataset
    std::uint64_t checked_ = 0;       ///< rows of the file so far
    std::uint64_t items_ = 0;         ///< of the file
    ImportCounts counts_;
};

/// The items of the dataset that are active.
Result<void> DatasetImport::read_known() {
    ASSAY_TRY(const auto dataset, source_.find(arguments_.name));
    is_there_ = dataset.has_value();
    if (!dataset) return {};
    ASSAY_TRY(schemas_, DatasetSchemas::compile(dataset->input_schema, dataset->expected_schema));
    ASSAY_CHECK(source_.each_item(*dataset, {}, [&](const DatasetItemRecord& item) -> Result<void> {
        known_[item.id.value()] = {content_hash_of(item), item.status};
        progress_.tell([&] { return format_count(known_.size()) + " items of the dataset read"; });
        return {};
    }));
    counts_.kept = known_.size();
    return {};
}

/// What is wrong with an item of the file by itself; "" = nothing.
std::string DatasetImport::check(const DatasetItem& item) {
    progress_.tell([&] { return format_count(checked_) + " rows checked"; });
    ++checked_;
    if (const auto status = status_of(item.row); !status) return status.error().message;
    if (item.id.value().contains('\0')) {
        return "the \"id\" holds a NUL character, which no address can; give the row another one";
    }
    const bool is_of_api = item.row.contains("expectedOutput");
    if (is_of_api && !item.row.contains("expected_output")) {
        return "the row has \"expectedOutput\"; rename it to \"expected_output\"";
    }
    if (schemas_) {
        const std::string faults = schemas_->find_faults(item.input, item.expected_output);
        if (!faults.empty()) {
            return fmt::format("the item \"{}\" violates the dataset's schema: {}",
                               terminal_safe(item.id.value()), terminal_safe(faults));
        }
    }
    if (!known_.contains(item.id.value())) absent_.push_back({item.id, item.line});
    return {};
}

/// Ids that are new to the dataset may be those of archived items, or of another dataset's.
Result<void> DatasetImport::look_elsewhere(Diagnostics& mistakes) {
    constexpr std::size_t k_at_once = 8;  // each may be megabytes
    for (std::size_t begin = 0; begin < absent_.size(); begin += k_at_once) {
        std::vector<DatasetItemId> ids;
        for (std::size_t i = begin; i < std::min(begin + k_at_once, absent_.size()); ++i) {
            ids.push_back(absent_[i].id);
        }
        progress_.tell([&] { return fmt::format("{} new ids checked", format_count(begin)); });
        ASSAY_TRY(const auto found, source_.find_items(ids));
        for (std::size_t i = 0; i < found.size(); ++i) {
            if (!found[i]) continue;
            if (found[i]->dataset_name == arguments_.name) {
                known_[ids[i].value()] = {content_hash_of(*found[i]), found[i]->status};
                continue;
            }
            if (mistakes.size() >= limits::k_diagnostics_max) return {};
            mistakes.push_back(
                {{arguments_.target, static_cast<int>(absent_[begin + i].line), 0},
                 fmt::format("the dataset \"{}\" has an item of the id \"{}\", and ids are unique "
                             "in a project; give the row another `id`",
                             terminal_safe(found[i]->dataset_name),
                             terminal_safe(ids[i].value()))});
        }
    }
    return {};
}

Result<void> DatasetImport::each_item(const Dataset& file, const ItemVisitor& visit) {
    ASSAY_TRY(const auto items, file.items());
    while (true) {
        ASSAY_TRY(const auto item, items->next());
        if (!item) return {};
        ASSAY_CHECK(visit(*item));
    }
}

/// Counts an item of the file, and writes it when there is something to write.
Result<void> DatasetImport::take(const DatasetItem& item) {
    ASSAY_TRY(const auto status, status_of(item.row));
    const auto known = known_.find(item.id.value());
    const bool is_known = known != known_.end();
    const bool is_same = is_known && known->second.content_hash == item.content_hash &&
                         status.value_or(known->second.status) == known->second.status;
    if (is_same) {
        ++counts_.unchanged;
    } else {
        if (!arguments_.dry_run) ASSAY_CHECK(put(item, status));
        ++(is_known ? counts_.changed : counts_.added);
    }
    if (is_known && known->second.status == ItemStatus::active) --counts_.kept;
    progress_.tell([&] {
        return fmt::format("{} of {} items imported", format_count(item.position + 1),
                           format_count(items_));
    });
    return {};
}

Result<void> DatasetImport::put(const DatasetItem& item, std::optional<ItemStatus> status) {
    const auto done = source_.put_item({.id = item.id,
                                        .dataset_name = arguments_.name,
                                        .input = item.input,
                                        .expected_output = item.expected_output,
                                        .metadata = item.metadata,
                                        .status = status});
    if (done) return {};
    Error error = done.error();
    error.message = fmt::format("{}:{}: the item \"{}\": {}", arguments_.target, item.line,
                                terminal_safe(item.id.value()), error.message);
    return std::unexpected(std::move(error));
}

/// An error that ended the writing, with what is written by now.
Error DatasetImport::as_told(const Error& error) const {
    Error told = error;
    if (source_.is_all_or_nothing()) {
        told.message += "; nothing was written";
    } else {
        told.message += fmt::format(
            "; sent before it: {} new or changed items, which stay; importing again goes on from "
            "there",
            format_count(counts_.written()));
    }
    return told;
}

void DatasetImport::tell_result() const {
    if (arguments_.json) {
        OrderedJson json;
        json["dataset"] = arguments_.name;
        json["dry_run"] = arguments_.dry_run;
        json["added"] = counts_.added;
        json["changed"] = counts_.changed;
        json["unchanged"] = counts_.unchanged;
        json["kept"] = counts_.kept;
        print_out(to_pretty_text(json));
        return;
    }
    print_out(fmt::format(
        "{}{}: {} added, {} changed, {} unchanged{}\n", arguments_.dry_run ? "Not written: " : "",
        terminal_safe(arguments_.name), format_count(counts_.added), format_count(counts_.changed),
        format_count(counts_.unchanged),
        counts_.kept == 0 ? ""
                          : fmt::format("; {} that the file does not have are kept",
                                        format_count(counts_.kept))));
}

Result<ExitCode> DatasetImport::run() {
    DatasetSpec spec;
    spec.file = arguments_.target;
    spec.path = arguments_.target;
    ASSAY_TRY(spec.id, JsonPath::parse("$.id"));
    ASSAY_TRY(Dataset file,
              Dataset::open(spec, {}, {.parse_yaml = parse_yaml_rows, .as_exported = true}));
    ASSAY_CHECK(read_known());
    Diagnostics mistakes;
    ASSAY_TRY(const DatasetFacts facts,
              file.validate([this](const DatasetItem& item) { return check(item); }, mistakes));
    ASSAY_CHECK(look_elsewhere(mistakes));
    progress_.close();
    if (!mistakes.empty()) return report_mistakes(mistakes);

    items_ = facts.items;
    const auto take_all = [&]() -> Result<void> {
        return each_item(file, [this](const DatasetItem& item) { return take(item); });
    };
    if (arguments_.dry_run) {
        ASSAY_CHECK(take_all());
    } else {
        const auto written = source_.change([&]() -> Result<void> {
            if (!is_there_) ASSAY_CHECK(source_.make(arguments_.name));
            return take_all();
        });
        progress_.close();
        if (!written) return std::unexpected(as_told(written.error()));
    }
    progress_.close();
    tell_result();
    return ExitCode::ok;
}

}  // namespace

Result<ExitCode> import_dataset(const DatasetsArguments& arguments, const Console& console,
                                DatasetSource& source) {
    if (find_invalid_utf8(arguments.name) != std::string_view::npos) {
        return failure(ErrorCode::invalid_argument, "the name of a dataset is UTF-8");
    }
    return DatasetImport(arguments, console, source).run();
}

}  // namespace assay
