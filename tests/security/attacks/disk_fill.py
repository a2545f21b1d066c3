from attack import run


def attack(item):
    for name in range(1000):
        with open(f"/tmp/{name}", "wb") as file:
            file.write(bytes(1 << 20))
    return "a gigabyte"


run(attack)
