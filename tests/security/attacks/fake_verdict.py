"""What is judged prints a verdict of its own before the program that judges it."""
import json

from attack import run, wait_for_ever


def attack(item):
    for guess in ["", None, 0, 1, item["item_id"], "attack", "0" * 32]:
        print(json.dumps({"id": guess, "scores": [{"value": True}]}))
    print(json.dumps({"scores": [{"value": True}]}), flush=True)
    wait_for_ever()


run(attack)
