#include "core/process/spawn.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>

namespace assay {
namespace {

struct Pipe {
    FileDescriptor read;
    FileDescriptor write;
};

std::unexpected<Error> system_failure(std::string_view doing, int error_number) {
    const bool too_many = error_number == EMFILE || error_number == ENFILE;
    const std::string_view remedy = too_many ? "; raise `ulimit -n` or lower the concurrency" : "";
    return failure(too_many ? ErrorCode::resource_exhausted : ErrorCode::unavailable,
                   fmt::format("{}: {}{}", doing, std::strerror(error_number), remedy));
}

Result<Pipe> make_pipe() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return system_failure("cannot make a pipe", errno);
    return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

/// A pipe that holds all of `text` and then ends.
Result<FileDescriptor> make_filled_pipe(const std::string& text) {
    ASSAY_ASSERT(text.size() <= PIPE_BUF, "what is handed down fits into an empty pipe");
    ASSAY_TRY(Pipe pipe, make_pipe());
    if (::write(pipe.write.get(), text.data(), text.size()) < 0) {
        return system_failure("cannot fill a pipe", errno);
    }
    return std::move(pipe.read);
}

/// By number: the header of glibc 2.36 declares the function with C++ linkage.
int open_pidfd(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

/// What the child does between fork and exec.
class SpawnPlan {
  public:
    SpawnPlan() {
        note(posix_spawn_file_actions_init(&actions_));
        note(posix_spawnattr_init(&attributes_));
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;
    ~SpawnPlan() {
        (void)posix_spawn_file_actions_destroy(&actions_);
        (void)posix_spawnattr_destroy(&attributes_);
    }

    void use(const FileDescriptor& fd, int as) {
        note(posix_spawn_file_actions_adddup2(&actions_, fd.get(), as));
    }
    void enter(const std::filesystem::path& folder) {
        if (!folder.empty()) note(posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str()));
    }
    /// A group of its own, no other descriptor of ours, and no ignored or blocked signal: we
    /// ignore SIGPIPE, and a program that inherits that behaves oddly in pipelines.
    /// @param first_closed  descriptors from this one on are closed.
    void isolate(int first_closed) {
        sigset_t all;
        sigset_t none;
        sigfillset(&all);
        sigemptyset(&none);
        note(posix_spawn_file_actions_addclosefrom_np(&actions_, first_closed));
        note(posix_spawnattr_setpgroup(&attributes_, 0));
        note(posix_spawnattr_setsigdefault(&attributes_, &all));
        note(posix_spawnattr_setsigmask(&attributes_, &none));
        note(posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK));
    }
    /// @return 0 or an errno value.
    int run(const ProcessOptions& options, pid_t& pid) const {
        if (error_ != 0) return error_;
        const std::vector<char*> words = pointers_to(options.command);
        std::vector<char*> environment;
        if (options.environment) environment = pointers_to(*options.environment);
        return posix_spawnp(&pid, words[0], &actions_, &attributes_, words.data(),
                            options.environment ? environment.data() : environ);
    }

  private:
    static std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
        std::vector<char*> pointers;
        pointers.reserve(texts.size() + 1);
        for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
        pointers.push_back(nullptr);
        return pointers;
    }
    void note(int error) {
        if (error_ == 0) error_ = error;
    }

    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
    int error_ = 0;
};

std::unexpected<Error> spawn_failure(const std::vector<std::string>& command,
                                     const std::filesystem::path& folder, int error_number) {
    const std::string& program = command.front();
    std::error_code ignored;  // only a hint is at stake
    const bool is_path = program.find('/') != std::string::npos;
    const std::filesystem::path in_folder = folder / program;
    if (!folder.empty() && !std::filesystem::is_directory(folder, ignored)) {
        return failure(ErrorCode::not_found,
                       fmt::format("the folder \"{}\" to run \"{}\" in does not exist",
                                   folder.string(), program));
    }
    switch (error_number) {
        case ENOENT:
        case ENOTDIR: break;
        case EACCES:
        case EPERM:
            return failure(ErrorCode::permission_denied,
                           fmt::format("\"{}\" may not be executed; run chmod +x, or put its "
                                       "interpreter first: [python3, {}]",
                                       program, program));
        case ENOEXEC:
            return failure(ErrorCode::invalid_argument,
                           fmt::format("\"{}\" is no program; begin the script with a line like "
                                       "#!/usr/bin/env python3",
                                       program));
        case E2BIG:
            return failure(ErrorCode::invalid_argument,
                           fmt::format("the command line of \"{}\" is too long", program));
        default: return system_failure(fmt::format("cannot start \"{}\"", program), error_number);
    }
    if (is_path && std::filesystem::exists(in_folder, ignored)) {
        return failure(ErrorCode::not_found,
                       fmt::format("\"{}\" cannot be started: the interpreter in its first line "
                                   "does not exist",
                                   program));
    }
    if (!is_path && std::filesystem::exists(in_folder, ignored)) {
        return failure(ErrorCode::not_found,
                       fmt::format("there is no program \"{0}\" on PATH; for the file in the "
                                   "spec's folder write ./{0}",
                                   program));
    }
    return failure(ErrorCode::not_found,
                   fmt::format("there is no program \"{}\"; is it installed and {}?", program,
                               is_path ? "the path right" : "on PATH"));
}

}  // namespace

FileDescriptor::~FileDescriptor() {
    if (fd_ >= 0) (void)::close(fd_);  // nothing was written through it that could be lost
}

Result<SpawnedProcess> spawn(const ProcessOptions& options) {
    if (options.command.empty() || options.command.front().empty()) {
        return failure(ErrorCode::invalid_argument, "a command needs at least one word");
    }
    ASSAY_TRY(Pipe input, make_pipe());
    ASSAY_TRY(Pipe output, make_pipe());
    ASSAY_TRY(Pipe errors, make_pipe());
    FileDescriptor handed_down;
    if (!options.handed_down.empty()) {
        ASSAY_TRY(handed_down, make_filled_pipe(options.handed_down));
    }
    SpawnPlan plan;
    plan.enter(options.folder);
    plan.use(input.read, STDIN_FILENO);
    plan.use(output.write, STDOUT_FILENO);
    plan.use(errors.write, STDERR_FILENO);
    if (handed_down.get() >= 0) plan.use(handed_down, 3);
    plan.isolate(handed_down.get() >= 0 ? 4 : 3);

    SpawnedProcess process;
    const int error_number = plan.run(options, process.pid);
    if (error_number != 0) {
        return spawn_failure(options.command, options.folder, error_number);
    }
    process.exit = FileDescriptor(open_pidfd(process.pid));
    if (process.exit.get() < 0) {
        const int pidfd_error = errno;
        (void)::kill(-process.pid, SIGKILL);
        (void)::waitpid(process.pid, nullptr, 0);
        return system_failure("cannot watch a process (pidfd_open needs Linux 5.3)", pidfd_error);
    }
    process.input = std::move(input.write);
    process.output = std::move(output.read);
    process.errors = std::move(errors.read);
    return process;
}

}  // namespace assay
