from attack import LIBC, all_stopped, checked, run, system_call

run(lambda item: all_stopped(
    lambda: checked(LIBC.ptrace(16, 1, 0, 0)),
    lambda: checked(LIBC.ptrace(0, 0, 0, 0)),
    lambda: system_call((310, 270), 1, 0, 0, 0, 0, 0),
    lambda: open("/proc/1/mem", "rb").read(1)))
