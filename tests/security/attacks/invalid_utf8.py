import sys

from attack import run, wait_for_ever


def attack(item):
    line = f'{{"id": "{item["id"]}", "scores": [{{"value": true, "comment": "\udcff"}}]}}\n'
    sys.stdout.buffer.write(line.encode("utf-8", "surrogateescape"))
    sys.stdout.flush()
    wait_for_ever()


run(attack)
