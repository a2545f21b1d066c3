#include "core/process/sandbox.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <utility>

#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/process/program_files.hpp"
#include "core/process/seccomp.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr int k_probe_timeout_ms = 10'000;
/// Users that no account has: systemd's range for services, inside every container's range. One a
/// worker, since the kernel counts processes by user.
constexpr std::uint64_t k_first_user = 61184;
constexpr std::uint64_t k_users = 4336;
constexpr const char* k_seccomp_descriptor = "3";

bool is_root() { return ::geteuid() == 0; }

using Words = std::vector<std::string>;

void append(Words& words, std::initializer_list<std::string> more) {
    words.insert(words.end(), more);
}

/// The command line of bubblewrap, in the order in which it mounts.
class Arguments {
  public:
    explicit Arguments(const SandboxSpec& spec) : spec_(spec) {}

    Words build(const ProgramFiles& files, const fs::path& folder, const Words& arguments) {
        isolate();
        show_system();
        for (const fs::path& path : files.needed) show(path);
        append(words_, {"--proc", "/proc", "--dev", "/dev"});
        append(words_,
               {"--perms", "1777", "--size", std::to_string(spec_.disk_bytes), "--tmpfs", "/tmp"});
        // Last, for they may lie below /tmp. An installation there is shown again.
        for (const fs::path& path : files.needed) {
            if (path.string().starts_with("/tmp/")) show(path);
        }
        for (const fs::path& path : spec_.read) show(path);
        show(folder);
        append(words_, {"--remount-ro", "/dev", "--remount-ro", "/", "--chdir", folder.string(),
                        "--seccomp", k_seccomp_descriptor, "--"});
        limit();
        words_.push_back(files.program.string());
        words_.insert(words_.end(), arguments.begin(), arguments.end());
        return std::move(words_);
    }

  private:
    void isolate() {
        append(words_, {"bwrap", "--unshare-ipc", "--unshare-pid", "--unshare-uts",
                        "--unshare-cgroup-try", "--die-with-parent", "--new-session", "--hostname",
                        "sandbox", "--cap-drop", "ALL"});
        if (!spec_.network) words_.emplace_back("--unshare-net");
        if (is_root()) {
            // Root needs no user namespace, and in one it would still be root to RLIMIT_NPROC.
            append(words_, {"--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"});
        } else {
            append(words_, {"--unshare-user", "--uid", "65534", "--gid", "65534"});
        }
    }

    void show(const fs::path& path) {
        // bubblewrap would give the folders above the permissions that keep others out of them.
        fs::path above = "/";
        for (const fs::path& name : path.parent_path().relative_path()) {
            above /= name;
            append(words_, {"--perms", "0755", "--dir", above.string()});
        }
        append(words_, {"--ro-bind", path.string(), path.string()});
    }

    void show_system() {
        show("/usr");
        for (const fs::path link : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) {
            std::error_code ignored;  // what is no link is not there or a folder
            if (fs::is_symlink(link, ignored)) {
                append(words_,
                       {"--symlink", fs::read_symlink(link, ignored).string(), link.string()});
            } else {
                append(words_, {"--ro-bind-try", link.string(), link.string()});
            }
        }
        append(words_, {"--perms", "0755", "--dir", "/etc"});
        for (const char* const path : {"/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime"}) {
            append(words_, {"--ro-bind-try", path, path});
        }
        if (!spec_.network) return;
        for (const char* const path : {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf",
                                       "/etc/ssl", "/etc/ca-certificates", "/etc/pki"}) {
            append(words_, {"--ro-bind-try", path, path});
        }
    }

    /// What runs inside before the program: the limits bind only from the unprivileged user on.
    void limit() {
        if (is_root()) {
            const std::uint64_t random = std::stoull(random_hex(6), nullptr, 16);
            const std::string user = std::to_string(k_first_user + random % k_users);
            append(words_, {"/usr/bin/setpriv", "--reuid", user, "--regid", user, "--clear-groups",
                            "--inh-caps=-all"});
        }
        // RLIMIT_DATA and not RLIMIT_AS: Node reserves gigabytes of addresses that it never uses.
        append(words_, {"/usr/bin/prlimit", fmt::format("--data={}", spec_.memory_bytes),
                        fmt::format("--fsize={}", spec_.disk_bytes),
                        fmt::format("--nproc={}", spec_.processes),
                        fmt::format("--nofile={}", limits::k_sandbox_descriptors_max), "--core=0",
                        "--msgqueue=0", "--memlock=65536"});
    }

    const SandboxSpec& spec_;
    Words words_;
};

/// "NAME=value" of what a program finds. bubblewrap itself is started with it: with `--clearenv`
/// our own variables would still stand in the sandbox's /proc/1/environ, and with `--setenv` the
/// values on a command line that everybody can read.
Words environment_of(const SandboxSpec& spec, const fs::path& program) {
    Words environment = {
        fmt::format("PATH={}:/usr/local/bin:/usr/bin:/bin", program.parent_path().string()),
        "HOME=/tmp", "TMPDIR=/tmp", "LANG=C.UTF-8"};
    for (const std::string& name : spec.environment) {
        const char* const value = std::getenv(name.c_str());
        if (value != nullptr) environment.push_back(fmt::format("{}={}", name, value));
    }
    return environment;
}

/// As root the program runs as somebody else, who must be able to look in here.
Result<void> check_readable(const fs::path& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) {
        return failure(
            ErrorCode::not_found,
            fmt::format("\"{}\", which the sandbox is to show, does not exist", path.string()));
    }
    const fs::perms needed = fs::is_directory(status)
                                 ? fs::perms::others_read | fs::perms::others_exec
                                 : fs::perms::others_read;
    if (!is_root() || (status.permissions() & needed) == needed) return {};
    return failure(ErrorCode::permission_denied,
                   fmt::format("assay runs as root and the sandbox as an unprivileged user, who "
                               "cannot read \"{0}\"; chmod o+rX \"{0}\"",
                               path.string()));
}

std::string remedy_for(std::string_view complaint) {
    const auto has = [complaint](std::string_view text) {
        return complaint.find(text) != std::string_view::npos;
    };
    if (has("Unknown option")) return "it needs bubblewrap 0.7 or newer";
    if (has("prlimit") || has("setpriv")) return "it needs util-linux: apt-get install util-linux";
    return "user namespaces or mounts are forbidden here: on Ubuntu 24 run `sudo sysctl -w "
           "kernel.apparmor_restrict_unprivileged_userns=0`, on older systems `sudo sysctl -w "
           "kernel.unprivileged_userns_clone=1`; in a container start it with `--privileged` or "
           "`--security-opt seccomp=unconfined --cap-add SYS_ADMIN`";
}

std::unexpected<Error> no_sandbox(std::string_view why, std::string_view remedy) {
    return failure(ErrorCode::unavailable,
                   fmt::format("the sandbox cannot run here: {}; {}. `sandbox: none` runs the "
                               "program unprotected",
                               why, remedy));
}

/// The kernel counts processes by user and namespace since 5.14; before, the whole session of an
/// ordinary user would count against the limit.
bool counts_by_namespace() {
    struct utsname system{};
    int major = 0;
    int minor = 0;
    if (::uname(&system) != 0) return false;
    if (std::sscanf(system.release, "%d.%d", &major, &minor) != 2) return false;
    return std::pair(major, minor) >= std::pair(5, 14);
}

/// What a process wrote on stderr and how it ended, or nothing when it took too long.
std::optional<std::pair<int, std::string>> run_to_end(const SpawnedProcess& process) {
    pollfd event{.fd = process.exit.get(), .events = POLLIN, .revents = 0};
    const bool ended = ::poll(&event, 1, k_probe_timeout_ms) == 1;
    if (!ended) (void)::kill(-process.pid, SIGKILL);
    int status = 0;
    (void)::waitpid(process.pid, &status, 0);
    if (!ended) return std::nullopt;
    std::string text(4096, '\0');
    const ssize_t size = ::read(process.errors.get(), text.data(), text.size());
    text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return std::pair(status, std::move(text));
}

}  // namespace

Result<ProcessOptions> in_sandbox(const SandboxSpec& spec, ProcessOptions program) {
    ASSAY_ASSERT(program.folder.is_absolute(), "the sandbox shows an absolute folder");
    ASSAY_ASSERT(!program.command.empty(), "the sandbox runs a program");
    program.folder = program.folder.lexically_normal();
    if (!program.folder.has_filename()) program.folder = program.folder.parent_path();
    ASSAY_TRY(const ProgramFiles files,
              find_program_files(program.command.front(), program.folder));
    ASSAY_CHECK(check_readable(program.folder));
    for (const fs::path& path : spec.read) ASSAY_CHECK(check_readable(path));

    const Words arguments(program.command.begin() + 1, program.command.end());
    program.command = Arguments(spec).build(files, program.folder, arguments);
    program.environment = environment_of(spec, files.program);
    program.handed_down = seccomp_filter(spec.network);
    program.folder.clear();
    return program;
}

Result<void> sandbox_available() {
    if (!is_root() && !counts_by_namespace()) {
        return no_sandbox("its limit of processes needs Linux 5.14", "use a newer system, or root");
    }
    // By its path, so that bubblewrap is all that PATH is asked for.
    ASSAY_TRY(const ProcessOptions options,
              in_sandbox({}, {.command = {"/usr/bin/true"}, .folder = "/usr"}));
    auto process = spawn(options);
    if (!process && process.error().code == ErrorCode::not_found) {
        const char* const path = std::getenv("PATH");
        if (path != nullptr && *path == '\0') {
            return no_sandbox("PATH is empty, so bubblewrap is not found",
                              "set PATH to the folders of your programs");
        }
        return no_sandbox("there is no bubblewrap on PATH", "apt-get install bubblewrap");
    }
    if (!process) return std::unexpected(process.error());
    const auto end = run_to_end(*process);
    if (!end) return no_sandbox("bubblewrap did not end in time", "is the machine overloaded?");
    if (end->first == 0) return {};
    const std::string complaint = fit_width(terminal_safe(trim(end->second)), 200);
    return no_sandbox(complaint, remedy_for(complaint));
}

}  // namespace assay
