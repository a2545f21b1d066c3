"""A daemon that outlives the program."""
import os

from attack import run, wait_for_ever


def attack(item):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            wait_for_ever()
        os._exit(0)
    os._exit(0)


run(attack)
