#include "datasets/dataset.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "core/base/files.hpp"
#include "core/base/hash.hpp"
#include "core/base/limits.hpp"
#include "datasets/duplicate_finder.hpp"
#include "datasets/item_mapper.hpp"
#include "datasets/row_problems.hpp"
#include "datasets/sampler.hpp"

namespace assay {
namespace {

/// What tells one version of a file from another without reading it.
struct FileStamp {
    ::dev_t device = 0;
    ::ino_t inode = 0;
    ::off_t bytes = 0;
    std::int64_t modified_seconds = 0;
    std::int64_t modified_nanos = 0;

    static Result<FileStamp> of(const std::filesystem::path& path) {
        struct ::stat status{};
        if (::stat(path.c_str(), &status) != 0) {
            return std::unexpected(file_error(errno, "read", path));
        }
        return FileStamp{status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                         status.st_mtim.tv_nsec};
    }
    bool operator==(const FileStamp&) const = default;
};

std::unexpected<Error> changed(const std::filesystem::path& path) {
    return failure(ErrorCode::data_loss,
                   fmt::format("{}: the dataset changed while the run was going on; run again",
                               path.string()));
}

std::optional<std::uint64_t> smaller(std::optional<std::uint64_t> a,
                                     std::optional<std::uint64_t> b) {
    return a && b ? std::min(a, b) : (a ? a : b);
}

std::optional<SampleSpec> narrower(const std::optional<SampleSpec>& spec,
                                   const std::optional<SampleSpec>& selection) {
    if (!spec || !selection) return spec ? spec : selection;
    return SampleSpec{std::min(spec->size, selection->size), spec->seed};
}

struct Settings {
    DatasetSpec spec;
    DatasetSelection selection;
    DatasetOptions options;

    [[nodiscard]] bool is_stored() const { return !spec.name.empty(); }
    [[nodiscard]] Result<std::unique_ptr<RowReader>> open() const {
        if (!is_stored()) return open_rows(spec.path, options.parse_yaml);
        ASSAY_ASSERT(options.open_stored != nullptr, "somebody opens stored datasets");
        return options.open_stored(spec);
    }
    /// A version of a stored dataset never changes.
    [[nodiscard]] Result<FileStamp> stamp() const {
        return is_stored() ? FileStamp{} : FileStamp::of(spec.path);
    }
    [[nodiscard]] ItemMapper make_mapper() const {
        return ItemMapper(spec, {selection.filter, options.keep_row, options.as_exported});
    }
    /// A row that makes no item is not left out: it has to be reported.
    [[nodiscard]] bool leaves_out(const ItemMapper::Mapped& mapped) const {
        if (mapped.left_out) return true;
        if (!selection.item_ids || !mapped.problem.empty()) return false;
        return !selection.item_ids->contains(mapped.item.id.value());
    }
    [[nodiscard]] std::optional<std::uint64_t> limit() const {
        return smaller(spec.limit, selection.limit);
    }
};

/// One reading of the file that looks at everything and keeps nothing but counts.
class ValidationPass {
  public:
    ValidationPass(const Settings& settings, const Dataset::ItemCheck& check)
        : settings_(settings),
          check_(check),
          mapper_(settings.make_mapper()),
          problems_(settings.spec.path.string()) {
        const auto sample = narrower(settings.spec.sample, settings.selection.sample);
        if (sample) sampler_.emplace(*sample);
    }

    Result<void> take(RowReader::Row row) {
        ++facts_.rows;
        if (!row.problem.empty()) {
            const std::uint64_t line = row.problem_line == 0 ? row.line : row.problem_line;
            problems_.add({line, row.problem_column}, std::move(row.problem));
            return {};
        }
        ItemMapper::Mapped mapped = mapper_.map(std::move(row.value), row.line);
        if (settings_.leaves_out(mapped)) return {};
        if (mapped.problem.empty() && check_) mapped.problem = check_(mapped.item);
        if (!mapped.problem.empty()) {
            problems_.add({row.line}, std::move(mapped.problem));
            return {};
        }
        if (sampler_) {
            sampler_->add(mapped.fingerprint, dataset_hash_entry(mapped.item));
        } else {
            select(dataset_hash_entry(mapped.item));
        }
        return duplicates_.add(mapped.fingerprint, row.line);
    }

    Result<DatasetFacts> finish(Diagnostics& diagnostics) {
        if (sampler_) {
            for (const Sampler::Sampled& sampled : sampler_->finish()) select(sampled.entry);
        }
        ASSAY_CHECK(report_duplicates());
        if (problems_.empty() && facts_.items == 0) problems_.add({}, no_items());
        if (facts_.rows > 0) {
            for (std::string& sentence : mapper_.unused_paths()) {
                problems_.add({}, std::move(sentence));
            }
        }
        std::ranges::move(std::move(problems_).take(), std::back_inserter(diagnostics));
        facts_.sha256 = to_hex(hash_.finish());
        return facts_;
    }

    [[nodiscard]] std::optional<Sampler> take_sampler() { return std::move(sampler_); }

  private:
    void select(std::string_view entry) {
        if (const auto limit = settings_.limit(); limit && facts_.items >= *limit) return;
        ++facts_.items;
        hash_.update(entry);
    }

    Result<void> report_duplicates() {
        ASSAY_TRY(const auto found, duplicates_.finish(limits::k_diagnostics_max));
        for (const DuplicateFinder::Duplicate& duplicate : found.listed) {
            problems_.add({duplicate.line}, same_as(duplicate.first_line));
        }
        if (found.count > found.listed.size()) {
            problems_.add_hidden(found.listed.back().line, found.count - found.listed.size());
        }
        return {};
    }

    [[nodiscard]] std::string same_as(std::uint64_t line) const {
        if (settings_.options.as_exported) {
            return fmt::format(
                "the row has the same id as line {}, or no id and the same content; remove one, "
                "or give it another `id`",
                line);
        }
        if (settings_.spec.id) {
            return fmt::format("the row has the same id as line {}; ids must be unique", line);
        }
        return fmt::format(
            "the row has the same content as line {}; remove one, or give the rows ids (`id` of "
            "the spec's dataset)",
            line);
    }

    [[nodiscard]] std::string no_items() const {
        if (facts_.rows == 0) return "the dataset has no rows; add at least one";
        std::string why;
        if (settings_.spec.where) why += fmt::format(", `where` {}", settings_.spec.where->text());
        if (settings_.selection.filter) {
            why += fmt::format(", filter {}", settings_.selection.filter->text());
        }
        if (settings_.selection.item_ids) why += ", items that failed in an earlier run";
        return fmt::format("none of the {} rows is selected{}; widen the selection", facts_.rows,
                           why);
    }

    const Settings& settings_;
    const Dataset::ItemCheck& check_;
    ItemMapper mapper_;
    DuplicateFinder duplicates_;
    RowProblems problems_;
    std::optional<Sampler> sampler_;
    Sha256 hash_;
    DatasetFacts facts_;
};

/// What validate() found, for the second reading to be held against.
struct Validated {
    DatasetFacts facts;
    std::optional<Sampler> sampler;
    FileStamp stamp;
};

class SelectedItems final : public Dataset::Items {
  public:
    SelectedItems(const Settings& settings, const Validated& validated,
                  std::unique_ptr<RowReader> rows)
        : settings_(settings),
          path_(settings.spec.path),
          validated_(validated),
          rows_(std::move(rows)),
          mapper_(settings.make_mapper()) {}

    Result<std::optional<DatasetItem>> next() override {
        while (position_ < validated_.facts.items) {
            ASSAY_TRY(std::optional<RowReader::Row> row, rows_->next());
            if (!row || !row->problem.empty()) return changed(path_);
            ItemMapper::Mapped mapped = mapper_.map(std::move(row->value), row->line);
            if (settings_.leaves_out(mapped)) continue;
            if (!mapped.problem.empty()) return changed(path_);
            if (validated_.sampler && !validated_.sampler->takes(mapped.fingerprint)) continue;
            hash_.update(dataset_hash_entry(mapped.item));
            mapped.item.position = position_++;
            return std::move(mapped.item);
        }
        return end();
    }

  private:
    Result<std::optional<DatasetItem>> end() {
        if (ended_) return std::nullopt;
        ASSAY_TRY(const FileStamp stamp, settings_.stamp());
        const bool same = to_hex(hash_.finish()) == validated_.facts.sha256;
        if (!same || stamp != validated_.stamp) return changed(path_);
        ended_ = true;
        return std::nullopt;
    }

    const Settings& settings_;
    const std::filesystem::path& path_;
    const Validated& validated_;
    std::unique_ptr<RowReader> rows_;
    ItemMapper mapper_;
    Sha256 hash_;
    std::uint64_t position_ = 0;
    bool ended_ = false;
};

}  // namespace

std::string dataset_hash_entry(const DatasetItem& item) {
    return fmt::format("{}\n{}\n", item.id.value(), item.content_hash);
}

struct Dataset::State {
    Settings settings;
    FileStamp stamp;                        ///< of the file that open() saw
    std::unique_ptr<RowReader> first_rows;  ///< opened by open(), read by validate()
    std::optional<Validated> validated;
};

Dataset::Dataset(std::unique_ptr<State> state) : state_(std::move(state)) {}
Dataset::Dataset(Dataset&&) noexcept = default;
Dataset& Dataset::operator=(Dataset&&) noexcept = default;
Dataset::~Dataset() = default;

Result<Dataset> Dataset::open(const DatasetSpec& spec, const DatasetSelection& selection,
                              DatasetOptions options) {
    auto state = std::make_unique<State>();
    state->settings = {spec, selection, std::move(options)};
    ASSAY_TRY(state->first_rows, state->settings.open());
    ASSAY_TRY(state->stamp, state->settings.stamp());
    return Dataset(std::move(state));
}

Result<DatasetFacts> Dataset::validate(const ItemCheck& check, Diagnostics& diagnostics) {
    ASSAY_ASSERT(state_->first_rows != nullptr, "a dataset is validated once");
    const std::unique_ptr<RowReader> rows = std::move(state_->first_rows);
    ValidationPass pass(state_->settings, check);
    while (true) {
        ASSAY_TRY(std::optional<RowReader::Row> row, rows->next());
        if (!row) break;
        ASSAY_CHECK(pass.take(std::move(*row)));
    }
    ASSAY_TRY(const FileStamp stamp, state_->settings.stamp());
    if (stamp != state_->stamp) return changed(state_->settings.spec.path);
    ASSAY_TRY(DatasetFacts facts, pass.finish(diagnostics));
    state_->validated.emplace(facts, pass.take_sampler(), stamp);
    return facts;
}

Result<std::unique_ptr<Dataset::Items>> Dataset::items() const {
    ASSAY_ASSERT(state_->validated.has_value(), "validate() comes before items()");
    const Settings& settings = state_->settings;
    ASSAY_TRY(auto rows, settings.open());
    ASSAY_TRY(const FileStamp stamp, settings.stamp());
    if (stamp != state_->validated->stamp) return changed(settings.spec.path);
    return std::make_unique<SelectedItems>(settings, *state_->validated, std::move(rows));
}

}  // namespace assay
