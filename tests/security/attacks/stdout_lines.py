from attack import run


def attack(item):
    while True:
        print('{"id": "nobody", "scores": [{"value": true}]}')


run(attack)
