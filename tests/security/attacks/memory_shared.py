"""Shared pages are no data of the process to RLIMIT_DATA."""
import mmap
import time

from attack import run


def attack(item):
    block = mmap.mmap(-1, 1 << 30)
    for at in range(0, 1 << 30, 4096):
        block[at] = 1
        if at % (32 << 20) == 0:
            time.sleep(0.02)
    return "a gigabyte"


run(attack)
