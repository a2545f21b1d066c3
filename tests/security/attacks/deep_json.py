from attack import run, wait_for_ever


def attack(item):
    deep = "[" * 100_000 + "]" * 100_000
    print(f'{{"id": "{item["id"]}", "scores": {deep}}}', flush=True)
    wait_for_ever()


run(attack)
