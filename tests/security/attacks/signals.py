import os
import signal

from attack import run


def attack(item):
    for target in (1, os.getppid(), 0, -1):
        os.kill(target, signal.SIGKILL)
    return "still here"


run(attack)
