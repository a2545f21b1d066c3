#pragma once

#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace assay {

/// At most `size_max` values by name; a new one takes the place of the one that was not used for
/// the longest time. Safe to use from several threads.
template <class Value>
class LruCache {
  public:
    explicit LruCache(std::size_t size_max) : size_max_(size_max) {}

    [[nodiscard]] std::optional<Value> find(std::string_view name) {
        const std::scoped_lock lock(mutex_);
        const auto found = by_name_.find(name);
        if (found == by_name_.end()) return std::nullopt;
        entries_.splice(entries_.begin(), entries_, found->second);
        return found->second->second;
    }

    void insert(const std::string& name, Value value) {
        const std::scoped_lock lock(mutex_);
        if (by_name_.contains(name)) return;  // another thread was faster
        entries_.emplace_front(name, std::move(value));
        by_name_.emplace(entries_.front().first, entries_.begin());
        if (entries_.size() <= size_max_) return;
        by_name_.erase(entries_.back().first);
        entries_.pop_back();
    }

  private:
    using Entries = std::list<std::pair<std::string, Value>>;  // the latest first

    std::size_t size_max_;
    std::mutex mutex_;
    Entries entries_;
    std::map<std::string_view, typename Entries::iterator> by_name_;  // the names in entries_
};

}  // namespace assay
