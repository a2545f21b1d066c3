from attack import run


def attack(item):
    while True:
        pass


run(attack)
