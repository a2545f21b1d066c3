import sys

from attack import run


def attack(item):
    for _ in range(1024):
        sys.stdout.write("x" * (1 << 20))
    return "a gigabyte"


run(attack)
