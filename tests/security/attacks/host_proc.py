import os

from attack import all_stopped, run


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    return path


def many_processes():
    visible = [name for name in os.listdir("/proc") if name.isdigit()]
    if len(visible) > 8:
        return visible
    raise PermissionError(f"only {len(visible)} processes")


run(lambda item: all_stopped(
    many_processes,
    lambda: os.listdir("/proc/1/root/root"),
    lambda: open("/proc/kcore", "rb").read(1),
    lambda: write("/proc/sysrq-trigger", "h"),
    lambda: write("/proc/sys/kernel/core_pattern", "|/tmp/harm"),
    lambda: os.listdir("/sys")))
