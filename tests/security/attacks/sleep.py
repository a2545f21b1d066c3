import signal

from attack import run, wait_for_ever


def attack(item):
    for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    wait_for_ever()


run(attack)
