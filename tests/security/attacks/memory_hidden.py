"""Memory that belongs to no process."""
import os

from attack import LIBC, all_stopped, checked, run

run(lambda item: all_stopped(
    lambda: os.memfd_create("hidden"),
    lambda: checked(LIBC.shmget(0, 1 << 20, 0o1600)),
    lambda: open("/dev/shm/hidden", "w")))
