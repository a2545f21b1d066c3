from attack import answer, run


def attack(item):
    answer(item, scores=[{"value": [1]}])


run(attack)
