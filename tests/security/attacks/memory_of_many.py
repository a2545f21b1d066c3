"""Each process stays within its limit, all of them together do not."""
import os

from attack import run, wait_for_ever


def attack(item):
    for _ in range(6):
        if os.fork() == 0:
            block = bytearray(os.urandom(1) * (60 << 20))
            wait_for_ever()
            os._exit(len(block) % 2)
    wait_for_ever()


run(attack)
