"""Writes docs/evaluators/NAME.md, the list in docs/evaluators.md and the table of templates in
docs/judges.md from the program's definitions.

    ASSAY_PROGRAM=build/dev/runner/cli/assay python3 tests/docs/generate_evaluator_pages.py
"""

import json
import os
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
NOTE = "<!-- Written by tests/docs/generate_evaluator_pages.py. -->"
VALUES = {"BOOLEAN": "true or false", "NUMERIC": "a number", "CATEGORICAL": "a category",
          "TEXT": "a text"}
JUDGE = {"provider": "openai:gpt-4.1"}
# What is shown where the definition has no example, because it would need a file or a model.
SHOWN = {
    "code": {"command": ["python3", "scorer.py"]},
    "checklist": {**JUDGE, "questions": [{"id": "greets", "question": "Does it greet?"}]},
    "choice": {**JUDGE, "prompt": "Who should answer this? {{output}}",
               "choices": ["billing", "tech", "sales"]},
    "closed_qa": {**JUDGE, "criteria": "It names a price."},
    "conversation": {**JUDGE, "criteria": "The assistant solved what the user came for."},
    "factuality": JUDGE,
    "g_eval": {**JUDGE, "criteria": "It is coherent."},
    "judge": {**JUDGE, "template": "helpfulness"},
    "jury": {"jurors": ["openai:gpt-4.1", "anthropic:claude-sonnet-4-5"],
             "judge": {"type": "closed_qa", "criteria": "It names a price."}},
    "pairwise": {**JUDGE, "against": {"variant": "old"}},
    "rubric": {**JUDGE, "criteria": "It is polite."},
    "similar": {"provider": "openai:text-embedding-3-small"},
}


TEMPLATES_BEGIN = "<!-- Templates: written by tests/docs/generate_evaluator_pages.py. -->\n"
TEMPLATES_END = "<!-- End of the templates. -->\n"


def listed(program, what):
    ended = subprocess.run([program, what, "--json"], capture_output=True, check=True)
    return json.loads(ended.stdout)


def definitions(program):
    """What the program knows about its evaluators, sorted by id."""
    return listed(program, "evaluators")


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def code(value):
    """A JSON value as code in a table's cell."""
    text = cell(json.dumps(value, ensure_ascii=False))
    fence = "``" if "`" in text else "`"
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def type_of(parameter):
    if "enum" in parameter:
        return " or ".join(code(value) for value in parameter["enum"])
    kind = parameter.get("type", "any")
    kind = " or ".join(kind) if isinstance(kind, list) else kind
    limits = [f"{word} {parameter[key]}" for key, word in
              (("minimum", "at least"), ("exclusiveMinimum", "above"), ("maximum", "at most"))
              if key in parameter]
    return " ".join([kind, ", ".join(limits)]).strip()


def parameter_rows(schema):
    required = schema.get("required", [])
    for name, parameter in sorted(schema.get("properties", {}).items()):
        default = "required" if name in required else ""
        if "default" in parameter:
            default = code(parameter["default"])
        yield [f"`{name}`", type_of(parameter), default, cell(parameter.get("description", ""))]


def shown_example(definition):
    """The example whose parameters say most about how it is written in a spec."""
    shown = {"parameters": SHOWN.get(definition["id"], {})}
    return max(definition["examples"], key=lambda e: len(e.get("parameters", {})), default=shown)


def spec_entry(definition):
    """The evaluator as it stands in a spec, in YAML's flow style, which JSON is."""
    parameters = shown_example(definition).get("parameters", {})
    if not parameters:
        return definition["id"]
    rest = "".join(f", {name}: {json.dumps(value, ensure_ascii=False)}"
                   for name, value in parameters.items())
    return f"{{type: {definition['id']}{rest}}}"


def example_row(example):
    expected = code(example["expected"]) if "expected" in example else ""
    parameters = code(example["parameters"]) if example.get("parameters") else ""
    # What an evaluator sees besides: the item's input and metadata, what the unit measured.
    seen = [f"{key} {code(example[key])}" for key in ("input", "metadata", "unit")
            if key in example]
    output = ", ".join([code(example["output"]), *seen])
    return [output, expected, parameters, code(example["score"]),
            cell(example.get("comment", ""))]


def page(definition):
    expected = ("compares with `expected_output`, or with `value`" if definition["needs_expected"]
                else "needs no expected value")
    text = f"{NOTE}\n# {definition['id']}\n\n{definition['summary']}\n\n"
    if definition["is_judge"]:
        text += "It asks a model: [judges.md](../judges.md) says what that takes.\n\n"
    text += (f"The score is {VALUES.get(definition['data_type'], definition['data_type'])} "
             f"({definition['data_type']}); it {expected}. Version {definition['version']}.\n\n")
    text += f"```yaml\nevaluators:\n  - {spec_entry(definition)}\n```\n\n## Parameters\n\n"
    rows = list(parameter_rows(definition["parameters"]))
    if rows:
        text += table(["Name", "Type", "Default", "Meaning"], rows) + "\nBesides, "
    else:
        text += "None of its own, but "
    text += "the [keys that all evaluators have](../spec.md#evaluators).\n"
    if definition["examples"]:
        text += "\n## Examples\n\n"
        text += table(["Output", "Expected", "Parameters", "Score", "Comment"],
                      [example_row(example) for example in definition["examples"]])
    return text


def index(all_definitions):
    rows = [[f"[{d['id']}](evaluators/{d['id']}.md)", VALUES.get(d["data_type"], d["data_type"]),
             cell(d["summary"])] for d in all_definitions]
    return f"""{NOTE}
# Evaluators

An evaluator turns one answer into a score. It stands in a spec as a name, or as a map with `type`,
the [keys that all have](spec.md#evaluators) and its own. `assay evaluators NAME` shows the same on
the terminal.
What looks at all items of a variant at once is a [run evaluator](spec.md#evaluators).

{table(["Evaluator", "Score", "What it does"], rows)}"""


def scale_of(template):
    scores = [point["score"] for point in template["points"]]
    if None in scores:
        return " or ".join(point["label"] for point in template["points"])
    return f"{min(scores):g} to {max(scores):g}"


def judges_page(program):
    """docs/judges.md, which people write, with the table of the templates as it is."""
    text = (DOCS / "judges.md").read_text(encoding="utf-8")
    before, rest = text.split(TEMPLATES_BEGIN)
    after = rest.split(TEMPLATES_END)[1]
    rows = [[f"`{each['id']}`", scale_of(each),
             ", ".join(f"`{name}`" for name in each["variables"]), cell(each["summary"])]
            for each in listed(program, "templates")]
    return "".join([before, TEMPLATES_BEGIN, table(["Template", "Score", "Sees", "Tells"], rows),
                    TEMPLATES_END, after])


def pages(program):
    """path below docs/ -> text."""
    all_definitions = definitions(program)
    texts = {f"evaluators/{each['id']}.md": page(each) for each in all_definitions}
    texts["evaluators.md"] = index(all_definitions)
    texts["judges.md"] = judges_page(program)
    return texts


def main():
    texts = pages(os.environ["ASSAY_PROGRAM"])
    for old in (DOCS / "evaluators").glob("*.md"):
        if old.name != "README.md" and f"evaluators/{old.name}" not in texts:
            old.unlink()
    for path, text in texts.items():
        (DOCS / path).write_text(text, encoding="utf-8")
    print(f"{len(texts)} pages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
