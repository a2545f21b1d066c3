import os

from attack import all_stopped, run

TARGETS = open("targets").read().splitlines()


def follow(path):
    os.symlink(path, "/tmp/link")
    try:
        return open("/tmp/link").read()
    finally:
        os.unlink("/tmp/link")


run(lambda item: all_stopped(
    lambda: open("link_to_host").read(),
    *[lambda path=path: follow(path) for path in TARGETS + ["/etc/shadow"]],
    lambda: follow("/proc/1/cwd/../etc/shadow"),
    lambda: open("../" * 30 + "etc/shadow").read()))
