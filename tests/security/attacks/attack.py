"""What all attacks share. An honest item is scored true. For the item "attack" the attack runs:
when it is stopped, that is reported as an error; what it gets away with is reported as a score."""

import ctypes
import json
import os
import platform
import select
import sys

LIBC = ctypes.CDLL(None, use_errno=True)


def answer(item, **fields):
    print(json.dumps({"id": item["id"], **fields}), flush=True)


def run(attack):
    for line in sys.stdin:
        item = json.loads(line)
        if item["input"] != "attack":
            answer(item, scores=[{"value": True}])
            continue
        try:
            gained = attack(item)
        except BaseException as error:
            answer(item, error=f"stopped: {error!r}")
        else:
            answer(item, scores=[{"value": True, "comment": str(gained)}])


def wait_for_ever():
    while True:
        select.select([], [], [])


def checked(result):
    """The result of a call of the C library; OSError when it failed."""
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def system_call(numbers, *arguments):
    """`numbers`: of x86_64 and of aarch64."""
    number = numbers[0] if platform.machine() == "x86_64" else numbers[1]
    return checked(LIBC.syscall(number, *arguments))


def all_stopped(*attempts):
    """Fails unless every attempt fails; returns what the first one that works gained."""
    reasons = []
    for attempt in attempts:
        try:
            return f"{attempt}: {attempt()}"
        except Exception as error:
            reasons.append(str(error))
    raise PermissionError("; ".join(reasons))
