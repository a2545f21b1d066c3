"""The work is done by children that end before anybody looks at them."""
import os

from attack import run


def attack(item):
    while True:
        child = os.fork()
        if child == 0:
            sum(range(200_000))
            os._exit(0)
        os.waitpid(child, 0)


run(attack)
