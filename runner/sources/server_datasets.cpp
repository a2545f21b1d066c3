#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "core/base/text.hpp"
#include "runner/sources/dataset_source.hpp"
#include "runner/sources/document.hpp"

namespace assay {
namespace {

constexpr const char* k_items = "/dataset-items";
constexpr std::int64_t k_page_items = 100;

Result<DatasetRecord> dataset_from(const OrderedJson& json, const ApiClient& client) {
    DatasetRecord dataset;
    ASSAY_TRY(std::string id, needed_text(json, "id", "a dataset", client));
    dataset.id = DatasetId(std::move(id));
    ASSAY_TRY(dataset.name, needed_text(json, "name", "a dataset", client));
    dataset.description = text_of(json, "description");
    dataset.metadata = Json(member_of(json, "metadata"));
    dataset.input_schema = Json(member_of(json, "inputSchema"));
    dataset.expected_schema = Json(member_of(json, "expectedOutputSchema"));
    dataset.created = time_of(json, "createdAt").value_or(Time{});
    dataset.updated = time_of(json, "updatedAt").value_or(dataset.created);
    return dataset;
}

Result<DatasetItemRecord> item_from(const OrderedJson& json, const ApiClient& client) {
    DatasetItemRecord item;
    ASSAY_TRY(std::string id, needed_text(json, "id", "a dataset item", client));
    item.id = DatasetItemId(std::move(id));
    item.input = Json(member_of(json, "input"));
    item.expected_output = Json(member_of(json, "expectedOutput"));
    item.metadata = Json(member_of(json, "metadata"));
    item.dataset_name = text_of(json, "datasetName").value_or("");
    const bool is_archived = text_of(json, "status") == to_string(ItemStatus::archived);
    item.status = is_archived ? ItemStatus::archived : ItemStatus::active;
    item.created = time_of(json, "createdAt").value_or(Time{});
    return item;
}

/// A value as a server reads it back as it is: it takes a text that is JSON for what
/// the JSON says, and an empty one for nothing.
OrderedJson value_to_send(const Json& value) {
    if (!value.is_string()) return value;
    const auto& text = value.get_ref<const std::string&>();
    const bool is_read_as_json = text.empty() || parse_json(text).has_value();
    return is_read_as_json ? OrderedJson(to_text(value)) : OrderedJson(text);
}

OrderedJson body_of(const DatasetItemChange& change) {
    OrderedJson body;
    if (change.dataset_name) body["datasetName"] = *change.dataset_name;
    if (change.id) body["id"] = change.id->value();
    const auto add = [&](const char* name, const std::optional<Json>& value) {
        if (value) body[name] = value_to_send(*value);
    };
    add("input", change.input);
    add("expectedOutput", change.expected_output);
    add("metadata", change.metadata);
    if (change.status) body["status"] = to_string(*change.status);
    return body;
}

Result<std::int64_t> count(ApiClient& client, const std::string& path, const QueryFields& query) {
    ASSAY_TRY(const ApiPage page, client.page(path, query, 1, 1));
    if (page.total) return *page.total;
    return failure(ErrorCode::unavailable,
                   fmt::format("{} does not say how long its lists are (meta.totalItems): it is no "
                               "Langfuse-compatible server",
                               client.place()));
}

std::string runs_path(const DatasetRecord& dataset) {
    return fmt::format("/datasets/{}/runs", percent_encode(dataset.name));
}

/// Walks over the items of a dataset, the oldest first: as a server lists them, the newest first,
/// they come from its last page to its first. Those of one time stay in the server's order.
class ItemWalk {
  public:
    ItemWalk(ApiClient& client, const DatasetRecord& dataset, QueryFields query)
        : client_(client), dataset_(dataset), query_(std::move(query)) {}

    [[nodiscard]] Result<void> each(const DatasetItemVisitor& visit) {
        ASSAY_TRY(total_, count(client_, k_items, query_));
        if (total_ == 0) return {};
        ASSAY_TRY(const Part newest, part_with(0));
        ASSAY_TRY(const Part oldest, part_with(total_ - 1));
        // What a run stored is all of one time: nothing has to be held back.
        const bool is_of_one_time = newest.items.front().created == oldest.items.back().created;
        return is_of_one_time ? each_forward(visit) : each_backward(visit);
    }

  private:
    struct Part {
        std::int64_t begin = 0;  ///< its place in the list
        std::vector<DatasetItemRecord> items;

        [[nodiscard]] std::int64_t end() const { return begin + std::ssize(items); }
    };

    /// The page with the item at that place.
    [[nodiscard]] Result<Part> part_with(std::int64_t place) {
        ASSAY_TRY(const ApiPage page, client_.page_with(k_items, query_, place, limit_));
        const bool is_as_it_was = page.total.value_or(total_) == total_ &&
                                  std::ssize(page.rows) == std::min(limit_, total_ - page.begin);
        if (!is_as_it_was) {
            return failure(ErrorCode::unavailable,
                           fmt::format("the dataset \"{}\" changes on {} while it is read; "
                                       "--version TIME reads it as it was",
                                       terminal_safe(dataset_.name), client_.place()));
        }
        Part part{.begin = page.begin, .items = {}};
        for (const OrderedJson& row : page.rows) {
            ASSAY_TRY(DatasetItemRecord item, item_from(row, client_));
            part.items.push_back(std::move(item));
        }
        return part;
    }

    [[nodiscard]] Result<void> each_forward(const DatasetItemVisitor& visit) {
        for (std::int64_t next = 0; next < total_;) {
            ASSAY_TRY(const Part part, part_with(next));
            for (; next < part.end(); ++next) {
                ASSAY_CHECK(visit(part.items[static_cast<std::size_t>(next - part.begin)]));
            }
        }
        return {};
    }

    [[nodiscard]] Result<void> each_backward(const DatasetItemVisitor& visit) {
        std::vector<DatasetItemRecord> held;  // of the oldest time so far, which may go on
        for (std::int64_t left = total_; left > 0;) {
            ASSAY_TRY(Part part, part_with(left - 1));
            part.items.resize(static_cast<std::size_t>(left - part.begin));
            left = part.begin;
            std::ranges::move(held, std::back_inserter(part.items));
            held = std::move(part.items);
            ASSAY_CHECK(release(held, left == 0, visit));
        }
        return {};
    }

    /// Visits the items from the last time on, but for the first time unless it is complete.
    [[nodiscard]] static Result<void> release(std::vector<DatasetItemRecord>& held,
                                              bool is_complete, const DatasetItemVisitor& visit) {
        while (!held.empty()) {
            const Time time = held.back().created;
            const auto others = std::ranges::find_if(
                held.rbegin(), held.rend(),
                [&](const DatasetItemRecord& item) { return item.created != time; });
            if (others == held.rend() && !is_complete) return {};
            const auto first = held.begin() + (held.rend() - others);
            for (auto item = first; item != held.end(); ++item) ASSAY_CHECK(visit(*item));
            held.erase(first, held.end());
        }
        return {};
    }

    ApiClient& client_;
    const DatasetRecord& dataset_;
    QueryFields query_;
    std::int64_t limit_ = k_page_items;
    std::int64_t total_ = 0;
};

class DatasetsOfServer final : public DatasetSource {
  public:
    explicit DatasetsOfServer(std::unique_ptr<ApiClient> client) : client_(std::move(client)) {}

    Result<std::vector<DatasetRecord>> list() override {
        ASSAY_TRY(const auto rows, client_->all("/v2/datasets", {}, "id"));
        std::vector<DatasetRecord> datasets;
        for (const OrderedJson& row : rows) {
            ASSAY_TRY(DatasetRecord dataset, dataset_from(row, *client_));
            datasets.push_back(std::move(dataset));
        }
        return datasets;
    }

    Result<std::optional<DatasetRecord>> find(const std::string& name) override {
        ASSAY_TRY(const auto found, client_->find("/v2/datasets/" + percent_encode(name)));
        if (!found) return std::nullopt;
        ASSAY_TRY(DatasetRecord dataset, dataset_from(*found, *client_));
        return dataset;
    }

    Result<std::int64_t> count_items(const DatasetRecord& dataset,
                                     std::optional<Time> at) override {
        return count(*client_, k_items, items_of(dataset, at));
    }
    Result<std::int64_t> count_runs(const DatasetRecord& dataset) override {
        return count(*client_, runs_path(dataset), {});
    }

    Result<std::vector<DatasetRunRecord>> runs(const DatasetRecord& dataset) override {
        ASSAY_TRY(const auto rows, client_->all(runs_path(dataset), {}, "id"));
        std::vector<DatasetRunRecord> runs;
        for (const OrderedJson& row : rows) {
            DatasetRunRecord run;
            ASSAY_TRY(std::string id, needed_text(row, "id", "a dataset run", *client_));
            run.id = DatasetRunId(std::move(id));
            ASSAY_TRY(run.name, needed_text(row, "name", "a dataset run", *client_));
            run.created = time_of(row, "createdAt").value_or(Time{});
            runs.push_back(std::move(run));
        }
        return runs;
    }

    Result<void> each_item(const DatasetRecord& dataset, std::optional<Time> at,
                           const DatasetItemVisitor& visit) override {
        return ItemWalk(*client_, dataset, items_of(dataset, at)).each(visit);
    }

    Result<std::vector<std::optional<DatasetItemRecord>>> find_items(
        const std::vector<DatasetItemId>& ids) override {
        std::vector<std::string> targets;
        targets.reserve(ids.size());
        for (const DatasetItemId& id : ids) {
            targets.push_back(fmt::format("{}/{}", k_items, percent_encode(id.value())));
        }
        std::vector<std::optional<DatasetItemRecord>> items(ids.size());
        const auto answers = client_->find_each(targets);
        for (std::size_t i = 0; i < answers.size(); ++i) {
            ASSAY_TRY(const auto found, answers[i]);
            if (!found) continue;
            ASSAY_TRY(items[i], item_from(*found, *client_));
        }
        return items;
    }

    std::string why_empty() const override {
        return fmt::format(
            "{} has no datasets of this project yet: `assay datasets import` and its clients make "
            "them.",
            client_->place());
    }

    Result<void> change(const Work& work) override { return work(); }
    bool is_all_or_nothing() const override { return false; }
    Result<void> make(const std::string& name) override {
        ASSAY_TRY(const auto made, client_->send("POST", "/v2/datasets", {{"name", name}},
                                                 ApiClient::Repeat::as_reads));
        return {};
    }
    Result<void> put_item(const DatasetItemChange& change) override {
        ASSAY_TRY(const auto item,
                  client_->send("POST", k_items, body_of(change), ApiClient::Repeat::as_reads));
        return {};
    }

  private:
    static QueryFields items_of(const DatasetRecord& dataset, std::optional<Time> at) {
        QueryFields query = {{"datasetName", dataset.name}};
        if (at) query.emplace_back("version", to_rfc3339(*at));
        return query;
    }

    std::unique_ptr<ApiClient> client_;
};

}  // namespace

std::unique_ptr<DatasetSource> datasets_of_server(std::unique_ptr<ApiClient> client) {
    return std::make_unique<DatasetsOfServer>(std::move(client));
}

}  // namespace assay
