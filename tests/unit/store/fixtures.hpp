#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/base/random.hpp"
#include "core/model/run.hpp"
#include "server/store/store.hpp"

namespace assay::test {

/// The value, or the test fails with the error's message.
template <class T>
[[nodiscard]] T value_of(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// A run of two variants, "one" and "two".
[[nodiscard]] RunRecord make_run(const std::string& name = "first run");

/// The unit of an item, filled with the least that makes sense.
[[nodiscard]] UnitResult make_unit(const RunRecord& run, const std::string& variant,
                                   std::uint64_t position, int repetition = 0);

/// The same with every field set to something random: any bytes where text is free, any JSON
/// where values are, extremes where numbers are.
[[nodiscard]] UnitResult make_random_unit(const RunRecord& run, const std::string& variant,
                                          std::uint64_t position, int repetition, Rng& rng);
[[nodiscard]] Json make_random_json(Rng& rng, int depth);
/// Any bytes, zero bytes and invalid UTF-8 among them.
[[nodiscard]] std::string make_random_bytes(Rng& rng, std::size_t size_max);

/// Catch assertions for every field that a report reads back (observations are none of them).
void check_same_unit(const UnitResult& read, const UnitResult& written);
void check_same_observations(const std::vector<Observation>& read,
                             std::vector<Observation> written);
void check_same_run(const RunRecord& read, const RunRecord& written);

[[nodiscard]] std::vector<UnitResult> read_units(const Store& store, const RunRecord& run);

/// The database file of a store's folder.
[[nodiscard]] std::filesystem::path file_of(const std::filesystem::path& folder);
/// Runs one statement on the file, past the store, and gives its last column; for looking at
/// what was written and for damaging it.
std::vector<std::string> query_file(const std::filesystem::path& file, const std::string& sql);

}  // namespace assay::test
