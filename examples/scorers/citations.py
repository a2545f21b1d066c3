"""Do the answers cite, and only sources that were given?"""

import re

from assay_scorer import run


def score(item):
    cited = {int(number) for number in re.findall(r"\[(\d+)\]", item["output"])}
    invented = sorted(cited - set(range(1, len(item["input"]["sources"]) + 1)))
    comment = f"there is no source {invented}" if invented else ""
    return {"cites": bool(cited), "sources_exist": (not invented, comment)}


run(score)
