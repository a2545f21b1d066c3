import os

from attack import all_stopped, run

TARGETS = open("targets").read().splitlines()


def write(path):
    with open(path, "a") as file:
        file.write("harm")
    return path


run(lambda item: all_stopped(
    lambda: open("/etc/shadow").read(),
    lambda: open("/etc/passwd").read(),
    lambda: os.listdir("/root"),
    lambda: os.listdir("/home"),
    lambda: os.listdir("/var"),
    lambda: os.listdir("/run"),
    *[lambda path=path: open(path).read() for path in TARGETS],
    *[lambda path=path: write(path) for path in TARGETS],
    lambda: write("attack.py"),
    lambda: write("new_file"),
    lambda: write("/usr/bin/harm"),
    lambda: write("/etc/harm"),
    lambda: write("/dev/harm"),
    lambda: write("/harm")))
