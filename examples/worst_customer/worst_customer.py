"""The share of right answers of the customer who got the fewest."""

import json
import sys
from collections import defaultdict

answers = defaultdict(list)
for line in sys.stdin:  # one unit a line, until there are no more
    unit = json.loads(line)
    if unit["status"] == "scored":
        right = unit["scores"]["exact_match"]["value"]
        answers[unit["metadata"]["customer"]].append(right)

shares = {customer: sum(right) / len(right) for customer, right in answers.items()}
worst = min(shares, key=shares.get)
score = {"name": "worst_customer", "value": shares[worst], "comment": f"that is {worst}"}
print(json.dumps({"scores": [score]}))
