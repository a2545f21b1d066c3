#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every bound of the program in one place. Each has a test on both sides.
namespace assay::limits {

// Structure of untrusted text.
inline constexpr std::size_t k_json_depth_max = 128;
inline constexpr std::size_t k_yaml_nodes_max = 100'000;
inline constexpr std::size_t k_yaml_depth_max = 128;
inline constexpr std::size_t k_yaml_expanded_bytes_max = 32U << 20U;  // aliases followed
inline constexpr std::size_t k_spec_bytes_max = 8U << 20U;
inline constexpr std::size_t k_dataset_row_bytes_max = 32U << 20U;
inline constexpr std::size_t k_dataset_document_bytes_max = 256U << 20U;  // .json and .yaml
inline constexpr std::size_t k_dataset_id_characters_max = 255;
inline constexpr std::size_t k_dataset_fingerprints_held_max = 1U << 20U;  // then they are spilled
inline constexpr std::size_t k_diagnostics_max = 100;

// Expressions.
inline constexpr std::size_t k_regex_pattern_bytes_max = 4096;
inline constexpr int k_regex_memory_bytes_max = 8 << 20;
inline constexpr std::size_t k_regex_search_bytes_max = 1U << 30U;
inline constexpr std::size_t k_template_output_bytes_max = 1U << 20U;
inline constexpr std::size_t k_json_path_nodes_max = 1'000'000;
inline constexpr std::size_t k_filter_depth_max = 64;
inline constexpr std::size_t k_json_schema_depth_max = 1024;  // schemas within schemas, running
inline constexpr std::size_t k_json_schema_steps_max = 10'000'000;  // schemas applied to a value
inline constexpr std::size_t k_json_schema_report_bytes_max = 1U << 20U;  // then no more violations
inline constexpr std::size_t k_edit_distance_characters_max = 20'000;
inline constexpr std::size_t k_text_metric_bytes_max = 1U << 20U;
inline constexpr std::size_t k_subsequence_bytes_max = 1U << 17U;  // the time is a product
inline constexpr std::size_t k_references_max = 1000;
inline constexpr std::size_t k_text_search_bytes_max = 256U << 20U;  // texts times the output
inline constexpr std::size_t k_json_comparison_nodes_max = 250'000;  // of each side
inline constexpr std::size_t k_json_pairings_max = 2'000'000;  // pairs of nodes tried, any order
inline constexpr std::size_t k_unordered_elements_max = 256;   // left without an equal, any order
inline constexpr std::size_t k_list_elements_max = 500'000;
inline constexpr std::size_t k_sql_bytes_max = 1U << 20U;
inline constexpr std::size_t k_tool_calls_max = 128;
inline constexpr std::size_t k_language_bytes_max = 64U << 10U;  // the beginning tells
inline constexpr std::size_t k_refusal_bytes_max = 600;          // a refusal comes first
inline constexpr std::size_t k_evaluator_renderings_max = 256;

// Run evaluators.
inline constexpr std::size_t k_run_labels_max = 200;    // different ones, on each side
inline constexpr std::size_t k_slices_max = 100;        // of one gate or comparison
inline constexpr std::size_t k_listed_items_max = 100;  // ids named in a comparison
inline constexpr std::size_t k_transition_labels_max = 50;
inline constexpr std::uint64_t k_bootstrap_resamples = 10'000;
inline constexpr std::uint64_t k_sign_flips = 10'000;
inline constexpr std::size_t k_baseline_bytes_max = 256U << 20U;
inline constexpr std::size_t k_labels_max = 100'000;             // of one calibration
inline constexpr std::size_t k_judge_comment_bytes_max = 2'000;  // kept in a calibration
inline constexpr std::size_t k_run_label_bytes_max = 200;  // longer texts are cut, with a hash

// Lua programs: about 0.2 s, and room for an output of 20 MB.
inline constexpr std::int64_t k_lua_instructions_max = 20'000'000;
inline constexpr std::size_t k_lua_memory_bytes_max = 64U << 20U;

// The HTML report: what a browser still opens at once.
inline constexpr std::size_t k_html_units_max = 5'000;
inline constexpr std::size_t k_html_value_bytes_max = 32U << 10U;  // then its beginning
inline constexpr std::size_t k_html_full_bytes_max = 32U << 20U;   // of units; then values are cut
inline constexpr std::size_t k_html_late_value_bytes_max = 1U << 10U;  // to so much

// Programs.
inline constexpr std::size_t k_program_line_bytes_max = 20U << 20U;
inline constexpr std::size_t k_program_log_bytes_max = 64U << 10U;
inline constexpr std::chrono::milliseconds k_program_stop_grace{2000};

// Programs in the sandbox: what a spec does not set.
inline constexpr std::uint64_t k_sandbox_memory_bytes = 256U << 20U;
inline constexpr std::uint64_t k_sandbox_disk_bytes = 8U << 20U;
inline constexpr std::chrono::milliseconds k_sandbox_cpu{2000};
inline constexpr std::chrono::milliseconds k_sandbox_wall{10'000};
inline constexpr std::chrono::milliseconds k_run_program_cpu{60'000};    // of a whole variant
inline constexpr std::chrono::milliseconds k_run_program_wall{300'000};  // the same
inline constexpr int k_sandbox_processes = 16;
inline constexpr int k_sandbox_files_max = 10'000;     // in the scratch folder
inline constexpr int k_sandbox_descriptors_max = 128;  // of one process
inline constexpr std::size_t k_scorer_line_bytes_max = 1U << 20U;
inline constexpr std::size_t k_scorer_scores_max = 100;  // of one item

// Providers.
inline constexpr std::size_t k_provider_reply_bytes_max = 20U << 20U;
inline constexpr std::size_t k_image_bytes_max = 20U << 20U;
inline constexpr std::size_t k_sse_event_bytes_max = 1U << 20U;
inline constexpr std::uint64_t k_aws_profiles_bytes_max = 1U << 20U;
inline constexpr std::chrono::seconds k_connect_timeout{10};
inline constexpr std::size_t k_ca_file_bytes_max = 16U << 20U;
inline constexpr std::chrono::seconds k_task_timeout_default{60};
inline constexpr std::chrono::minutes k_unit_deadline_default{10};
inline constexpr int k_retries_default = 4;
inline constexpr int k_retries_max = 100;
inline constexpr int k_concurrency_default = 32;
inline constexpr int k_concurrency_max = 4096;
inline constexpr std::size_t k_task_steps_max = 100;
inline constexpr int k_shards_max = 10'000;
inline constexpr std::uint64_t k_noise_runs_max = 100;
inline constexpr std::chrono::hours k_quarantine_age_max{366 * 24};

// The cache of replies.
inline constexpr std::uint64_t k_cache_bytes_max = 1ULL << 30U;
inline constexpr std::chrono::hours k_cache_age_max{90 * 24};  // neither recorded nor used
inline constexpr std::uint64_t k_cache_file_bytes_max = 64U << 20U;
inline constexpr std::chrono::hours k_cache_use_precision{1};  // hits are noted once in this time
inline constexpr std::chrono::hours k_cache_unfinished_age_max{1};  // then its writer is gone

// The journal: finished units on their way to the store.
inline constexpr std::size_t k_journal_group_units_max = 32;  // who came first does not wait long
inline constexpr std::chrono::milliseconds k_journal_sync_interval{250};  // lost to a power failure

// The store.
inline constexpr std::size_t k_field_bytes_max = 1U << 20U;
inline constexpr std::size_t k_document_bytes_max = 256U << 20U;  // all texts of one trace
inline constexpr std::chrono::milliseconds k_store_busy_timeout{5000};

}  // namespace assay::limits
