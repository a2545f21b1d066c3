#include "core/process/seccomp.hpp"

#include <asm/unistd.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace assay {
namespace {

// The program is 100 lines of the kernel's own macros; libseccomp would be one more dependency.

#if defined(__x86_64__)
constexpr std::uint32_t k_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t k_architecture = AUDIT_ARCH_AARCH64;
#else
#error "name this processor's AUDIT_ARCH, or the sandbox cannot tell its system calls"
#endif

/// Linux 6.1's last. Programs and libraries take ENOSYS as "an older kernel" and do without.
constexpr std::uint32_t k_newest_call = __NR_set_mempolicy_home_node;

/// As if an older kernel had never heard of them.
constexpr std::uint32_t k_unknown[] = {
    __NR_io_uring_setup, __NR_io_uring_enter, __NR_io_uring_register,
    __NR_memfd_create,   __NR_memfd_secret,
    __NR_clone3,  // its flags are in memory, where a filter cannot look; libraries then use clone
};

constexpr std::uint32_t k_forbidden[] = {
    // key rings
    __NR_add_key,
    __NR_keyctl,
    __NR_request_key,
    // other processes and the kernel
    __NR_bpf,
    __NR_kcmp,
    __NR_perf_event_open,
    __NR_pidfd_getfd,
    __NR_process_vm_readv,
    __NR_process_vm_writev,
    __NR_ptrace,
    __NR_syslog,
    __NR_userfaultfd,
    // namespaces and mounts
    __NR_chroot,
    __NR_fsconfig,
    __NR_fsmount,
    __NR_fsopen,
    __NR_fspick,
    __NR_mount,
    __NR_mount_setattr,
    __NR_move_mount,
    __NR_open_tree,
    __NR_pivot_root,
    __NR_setns,
    __NR_umount2,
    __NR_unshare,
    // files around the names that a sandbox sees
    __NR_fanotify_init,
    __NR_name_to_handle_at,
    __NR_open_by_handle_at,
    __NR_quotactl,
    __NR_quotactl_fd,
    // the machine
    __NR_acct,
    __NR_adjtimex,
    __NR_clock_adjtime,
    __NR_clock_settime,
    __NR_delete_module,
    __NR_finit_module,
    __NR_init_module,
    __NR_kexec_load,
    __NR_personality,
    __NR_reboot,
    __NR_setdomainname,
    __NR_sethostname,
    __NR_settimeofday,
    __NR_swapoff,
    __NR_swapon,
    // memory that outlives its use and that RLIMIT_DATA does not count
    __NR_mq_open,
    __NR_msgget,
    __NR_shmat,
    __NR_shmctl,
    __NR_shmget,
#if defined(__x86_64__)
    __NR_ioperm,
    __NR_iopl,
    __NR_kexec_file_load,
    __NR_modify_ldt,
#endif
};

constexpr std::uint32_t k_namespace_flags = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET |
                                            CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUSER |
                                            CLONE_NEWUTS;

class Program {
  public:
    void load(std::uint32_t offset) { add(BPF_LD | BPF_W | BPF_ABS, offset); }
    /// The low half of an argument: the kernel reads these arguments as 32 bits, too.
    void load_argument(std::uint32_t index) {
        load(static_cast<std::uint32_t>(offsetof(seccomp_data, args) + index * 8));
    }
    /// Runs the next `count` instructions only when the condition holds.
    void skip_unless(std::uint16_t comparison, std::uint32_t value, std::uint8_t count) {
        code_.push_back({.code = static_cast<std::uint16_t>(BPF_JMP | BPF_K | comparison),
                         .jt = 0,
                         .jf = count,
                         .k = value});
    }
    void allow() { add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW); }
    void refuse(int error_number) {
        add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error_number));
    }
    void kill_unless(std::uint32_t value) {
        code_.push_back({.code = BPF_JMP | BPF_K | BPF_JEQ, .jt = 1, .jf = 0, .k = value});
        add(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    }
    void refuse_when(std::uint16_t comparison, std::uint32_t value, int error_number) {
        skip_unless(comparison, value, 1);
        refuse(error_number);
    }
    [[nodiscard]] std::string bytes() const {
        return {reinterpret_cast<const char*>(code_.data()), code_.size() * sizeof(sock_filter)};
    }

  private:
    void add(int code, std::uint32_t value) {
        code_.push_back({.code = static_cast<std::uint16_t>(code), .jt = 0, .jf = 0, .k = value});
    }
    std::vector<sock_filter> code_;
};

}  // namespace

std::string seccomp_filter(bool network) {
    Program program;
    program.load(offsetof(seccomp_data, arch));
    program.kill_unless(k_architecture);
    program.load(offsetof(seccomp_data, nr));
    program.refuse_when(BPF_JGT, k_newest_call, ENOSYS);  // the x32 calls of x86_64 as well
    for (const std::uint32_t call : k_unknown) program.refuse_when(BPF_JEQ, call, ENOSYS);
    for (const std::uint32_t call : k_forbidden) program.refuse_when(BPF_JEQ, call, EPERM);

    program.skip_unless(BPF_JEQ, __NR_clone, 4);
    program.load_argument(0);
    program.refuse_when(BPF_JSET, k_namespace_flags, EPERM);
    program.allow();
    // Both push characters into a terminal's input, as if somebody had typed them.
    program.skip_unless(BPF_JEQ, __NR_ioctl, 6);
    program.load_argument(1);
    program.refuse_when(BPF_JEQ, TIOCSTI, EPERM);
    program.refuse_when(BPF_JEQ, TIOCLINUX, EPERM);
    program.allow();
    if (!network) {
        program.refuse_when(BPF_JEQ, __NR_socket, EACCES);
    } else {
        program.skip_unless(BPF_JEQ, __NR_socket, 6);
        program.load_argument(0);
        program.skip_unless(BPF_JEQ, AF_INET, 1);
        program.allow();
        program.skip_unless(BPF_JEQ, AF_INET6, 1);
        program.allow();
        program.refuse(EACCES);
    }
    program.allow();
    return program.bytes();
}

}  // namespace assay
