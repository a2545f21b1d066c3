import os
import subprocess

from attack import all_stopped, run


def become_root(command):
    said = subprocess.run(command, capture_output=True, text=True, input="\n")
    if "uid=0" in said.stdout:
        return said.stdout
    raise PermissionError(said.stderr)


run(lambda item: all_stopped(
    lambda: os.setuid(0),
    lambda: os.setgid(0),
    lambda: os.setgroups([0]),
    lambda: become_root(["su", "-c", "id"]),
    lambda: become_root(["newgrp", "root"]),
    lambda: os.chown("/tmp", 0, 0),
    lambda: os.mknod("/tmp/disk", 0o60666, os.makedev(8, 0))))
