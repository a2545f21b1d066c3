#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace assay {

// What the command line said, one struct a command. Filled by parse_command_line.

enum class ProgressMode : std::uint8_t { automatic, plain, json, none };

struct StoreArguments {
    std::string store = ".assay";  ///< folder of the embedded backend

    /// " --store DIR" for commands that messages tell to type; "" for the usual folder.
    [[nodiscard]] std::string store_option() const {
        return store == ".assay" ? std::string() : " --store " + store;
    }
};

struct InitArguments {
    std::string folder = ".";
};

struct RunArguments : StoreArguments {
    std::vector<std::string> specs;
    std::vector<std::string> overrides;
    std::optional<std::string> filter;
    std::string filter_failing;   ///< a run: only its failing items
    std::string resume;           ///< a run that ended early: go on with it
    std::string baseline;         ///< what the run is compared with
    std::string shard;            ///< "I/N", "" = all of it
    std::string dataset_version;  ///< no option: what a run that is resumed began with
    std::optional<double> budget_usd;
    bool fail_fast = false;
    std::optional<std::uint64_t> limit;
    std::optional<std::uint64_t> sample;
    std::optional<std::uint64_t> seed;
    std::optional<int> repetitions;
    std::optional<int> concurrency;
    std::vector<std::string> variants;
    std::string run_name;
    std::vector<std::string> tags;
    std::vector<std::string> metadata;  ///< KEY=VALUE
    std::string env_file;
    std::vector<std::string> out;
    ProgressMode progress = ProgressMode::automatic;
    bool no_cache = false;     ///< `cache: off`, whatever the spec says
    std::string cache_folder;  ///< "" = `cache` within the store's folder
    bool quiet = false;
    bool yes = false;  ///< accepted for scripts: nothing is ever asked
};

struct PlanArguments {
    RunArguments run;                 ///< what `run` would be told, one spec
    std::string out;                  ///< a file that `run` executes
    bool units = false;               ///< list them
    std::vector<double> differences;  ///< that one would like to find
    bool json = false;
};

struct RescoreArguments : StoreArguments {
    std::string run;
    std::string spec;
    std::vector<std::string> overrides;
    std::string env_file;
    std::string cache_folder;  ///< "" = `cache` within the store's folder
    std::vector<std::string> out;
    bool quiet = false;
};

struct MergeArguments : StoreArguments {
    std::vector<std::string> shards;  ///< DIR or DIR:RUN
    std::string run_name;
    std::vector<std::string> out;
    bool quiet = false;
};

struct ValidateArguments {
    std::vector<std::string> specs;
    std::vector<std::string> overrides;
    std::string env_file;
};

struct SchemaArguments {
    std::string which;  ///< experiment or report
};

struct RunsArguments : StoreArguments {
    bool json = false;
};

struct ShowArguments : StoreArguments {
    std::string run;
    std::string item;      ///< one item of it, whole
    bool failed = false;   ///< its failing units, a line each
    bool history = false;  ///< the values its scores had before
    bool json = false;
};

struct GateArguments : StoreArguments {
    std::string run;
    std::string spec;  ///< "" = the gates the run was made with
};

struct ExportArguments : StoreArguments {
    std::string run;
    std::vector<std::string> out;
};

struct BaselineArguments : StoreArguments {
    std::string action;  ///< set, list, show or remove
    std::string name;
    std::string run;     ///< set
    std::string reason;  ///< set
    std::string out;     ///< set: a file to write as well
    bool replace = false;
    bool all = false;  ///< list: the history too
    bool json = false;
};

struct VerifyArguments : StoreArguments {
    std::string run;
    bool json = false;
};

struct CompareArguments : StoreArguments {
    std::string a;
    std::string b;
    std::vector<std::string> scores;  ///< empty = all
    std::string slice;                ///< a field by whose values the items are told apart
    double confidence = 0.95;
    std::string method = "auto";
    std::string test = "auto";
    std::uint64_t seed = 0;
    std::vector<std::string> out;
    bool json = false;
};

struct NoiseArguments {
    RunArguments run;  ///< what `run` would be told, one spec at most
    std::string of;    ///< an experiment or a run: of stored runs instead of new ones
    std::optional<std::uint64_t> runs;  ///< to make; of stored ones, to look at
    std::string out;                    ///< a file for the JSON
    bool json = false;
};

struct FlakesArguments : StoreArguments {
    std::string action;  ///< list, quarantine, release or history
    std::string item;
    std::string experiment;   ///< "" = that of the newest run
    std::string score;        ///< "" = all
    std::string until;        ///< quarantine
    std::string reason;       ///< quarantine
    std::uint64_t runs = 20;  ///< history: so many at most
    bool all = false;         ///< list: those that were released too
    bool json = false;
};

struct JudgeArguments {
    std::string action;   ///< preview, attack, calibrate, list or show
    std::string subject;  ///< a spec; show: a judge's name
    RunArguments run;     ///< what `run` would be told
    std::string judge;    ///< an evaluator of the spec; "" = the only one, or all
    std::string labels;   ///< calibrate: a file
    std::string score;    ///< calibrate: a score of the judge; "" = its first
    std::string of;       ///< RUN or RUN:VARIANT whose outputs are judged, were labelled
    std::string attacks;  ///< attack: a file; "" = the attacks that come with the program
    std::vector<std::string> slices;
    std::vector<std::string> order;  ///< of categories, lowest first
    std::string out;
    bool json = false;
};

struct EvaluatorsArguments {
    std::string name;  ///< "" = list them
    bool json = false;
};

struct TemplatesArguments {
    std::string name;  ///< "" = list them
    std::string out;   ///< where a copy of it goes; "" = it is shown
    bool json = false;
};

struct ProvidersArguments {
    std::string action = "list";  ///< list, show or test
    std::string name;             ///< show, test: a provider; test: PROVIDER:MODEL too
    std::string spec;             ///< test: whose `providers` may be named
    std::string env_file;         ///< test
    bool json = false;
};

/// What stands for the server that the variables of the environment name.
inline constexpr const char* k_server_of_environment = "LANGFUSE_BASE_URL";

/// Of the commands on what clients and runs share, in a store or on a server.
struct SourceArguments : StoreArguments {
    std::string action = "list";
    std::string server;   ///< an address, k_server_of_environment, or "" = the store
    std::string project;  ///< of the store; "" = as choose_project() says
    bool json = false;

    /// " --store DIR --project ID" or " --server URL", for commands that messages tell to type.
    [[nodiscard]] std::string source_options() const;
};

struct DatasetsArguments : SourceArguments {  // list, show, import or export
    std::string target;                       ///< show, export: a dataset; import: a file
    std::string name;                         ///< import: the dataset
    std::string version;                      ///< show, export: a time; "" = now
    std::string out;                          ///< export
    bool dry_run = false;                     ///< import
};

struct PromptsArguments : SourceArguments {  // list, show, push, pull or diff
    std::string target;                      ///< show: a name; push, pull, diff: a folder
    std::vector<std::string> names;
    std::vector<std::string> labels;
    std::optional<std::uint64_t> version;
    std::string message;
};

struct TracesArguments : SourceArguments {  // list, show or export
    std::string id;                         ///< show: or the beginning of it
    std::optional<std::string> filter;
    std::optional<std::uint64_t> limit;
    std::string out;  ///< export
};

struct CacheArguments {
    std::string action;             ///< ls, show, rm or verify
    std::vector<std::string> keys;  ///< or their beginnings
    std::string folder = ".assay/cache";
    std::string older_than;  ///< rm: those not used for so long
    bool all = false;        ///< rm
    bool json = false;
};

struct ServeArguments {
    std::string config;           ///< a file that holds the others; "" = none
    std::set<std::string> given;  ///< the options of the command line, which the file leaves alone
    std::string data = ".assay";  ///< folder of the store
    std::string host = "127.0.0.1";
    std::uint16_t port = 3000;
    bool is_public = false;                ///< other machines may reach it, as is meant
    std::vector<std::string> allow_hosts;  ///< further names in a Host header
    std::string base_path;                 ///< "/assay"; "" = the root
    std::vector<std::string> trusted_proxies;
    std::string tls_certificate;  ///< PEM files; both or none
    std::string tls_key;
    bool tls_by_proxy = false;   ///< a proxy before it speaks TLS
    std::string log = "text";    ///< or json
    bool logs_requests = false;  ///< a line for each
};

struct KeysArguments {
    std::string action;  ///< create, list or revoke
    std::string key;     ///< revoke: an id or a public key
    std::string data = ".assay";
    std::string project;       ///< create: whose key; "" = that of the only project
    std::string organization;  ///< create: a key of this organisation instead
    std::string note;          ///< create
    bool json = false;
};

struct DoctorArguments : StoreArguments {
    bool json = false;
};

struct VersionArguments {
    bool json = false;
};

struct CompletionArguments {
    std::string shell;  ///< bash, zsh or fish
};

struct ManArguments {};

using Command =
    std::variant<InitArguments, RunArguments, PlanArguments, RescoreArguments, MergeArguments,
                 ValidateArguments, SchemaArguments, RunsArguments, ShowArguments, GateArguments,
                 ExportArguments, CompareArguments, BaselineArguments, VerifyArguments,
                 NoiseArguments, FlakesArguments, JudgeArguments, EvaluatorsArguments,
                 TemplatesArguments, ProvidersArguments, CacheArguments, DatasetsArguments,
                 PromptsArguments, TracesArguments, ServeArguments, KeysArguments, DoctorArguments,
                 VersionArguments, CompletionArguments, ManArguments>;

struct CommandLine {
    Command command;
    bool no_color = false;
};

/// Reads the command line. Help and mistakes are printed here; the integer is the exit code then.
[[nodiscard]] std::variant<CommandLine, int> parse_command_line(int argc, const char* const* argv);

}  // namespace assay
