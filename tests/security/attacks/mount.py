from attack import LIBC, all_stopped, checked, run, system_call

run(lambda item: all_stopped(
    lambda: checked(LIBC.mount(b"none", b"/tmp", b"tmpfs", 0, None)),
    lambda: checked(LIBC.umount2(b"/tmp", 2)),
    lambda: checked(LIBC.mount(b"none", b"/usr", None, 0x1020, None)),
    lambda: checked(LIBC.chroot(b"/tmp")),
    lambda: checked(LIBC.pivot_root(b"/tmp", b"/tmp")) if hasattr(LIBC, "pivot_root")
    else system_call((155, 41), b"/tmp", b"/tmp"),
    lambda: system_call((430, 430), b"tmpfs", 0)))
