from attack import run


def attack(item):
    name = 0
    while True:
        open(f"/tmp/{name}", "w").close()
        name += 1


run(attack)
