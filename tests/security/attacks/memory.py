from attack import run


def attack(item):
    blocks = []
    while len(blocks) < 4000:
        blocks.append(bytearray(b"x" * (1 << 20)))
    return len(blocks)


run(attack)
