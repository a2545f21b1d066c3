"""Wrong input of every kind: one clear message with place and remedy, the right exit code."""

import unittest

from assay_process import ProcessTestCase

SPEC = """experiment: bad-input
dataset: rows.jsonl
task: {recorded: $.answer}
evaluators: [exact_match]
"""
ROWS = '{"input": 1, "expected_output": "a", "answer": "a"}\n'


class BadInput(ProcessTestCase):
    def refused(self, *words, rows=ROWS, spec=SPEC, arguments=(), env=None):
        if rows is not None:
            self.write("rows.jsonl", rows)
        if spec is not None:
            self.write("spec.yaml", spec)
        ended = self.assay("run", "spec.yaml", *arguments, env=env)
        self.assert_no_crash(ended)
        self.assertEqual(ended.exit_code, 2, ended.err + ended.out)
        self.assertEqual(ended.out, "")
        for word in words:
            self.assertIn(word, ended.err)
        self.assertFalse((self.folder / ".assay").exists(), "nothing may be stored")
        return ended

    def test_missing_spec(self):
        self.refused("assay: cannot read spec.yaml", "no such file", spec=None)

    def test_spec_is_a_folder(self):
        (self.folder / "spec.yaml").mkdir()
        self.refused("spec.yaml", spec=None)

    def test_missing_dataset(self):
        self.refused("spec.yaml:2:10", "rows.jsonl", "does not exist", rows=None)

    def test_empty_dataset(self):
        self.refused("rows.jsonl", rows="")

    def test_invalid_utf8(self):
        self.refused("rows.jsonl:2", "UTF-8", rows=ROWS.encode() + b'{"input": "\xff"}\n')

    def test_broken_json_row(self):
        self.refused("rows.jsonl:2", rows=ROWS + '{"input": \n')

    def test_row_of_50_mb(self):
        huge = '{"input": "' + "x" * (50 << 20) + '", "answer": "a"}\n'
        self.refused("rows.jsonl:1", "MB", rows=huge)

    def test_yaml_cycle(self):
        self.refused("spec.yaml", spec=SPEC + "metadata: &a [*a]\n")

    def test_yaml_bomb(self):
        lines = ["x-a: &a [1,1,1,1,1,1,1,1,1,1]"]
        for previous, name in zip("abcdefghi", "bcdefghij"):
            lines.append(f"x-{name}: &{name} [{','.join(['*' + previous] * 10)}]")
        self.refused("spec.yaml", spec=SPEC + "\n".join(lines) + "\nmetadata: *j\n")

    def test_deeply_nested_row(self):
        self.refused("rows.jsonl:1", "deeper", rows='{"input": ' + "[" * 5000 + "]" * 5000 + "}\n")

    def test_duplicate_rows(self):
        self.refused("rows.jsonl", "2", rows=ROWS + ROWS)

    def test_unknown_key_names_the_nearest(self):
        self.refused("spec.yaml:5:1", 'did you mean "repetitions"?', spec=SPEC + "repetitons: 2\n")

    def test_all_mistakes_at_once(self):
        ended = self.refused(
            spec="experiment: 5x\ndatset: a\ntask: {recorded: $.a}\nevaluators: [exactmatch]\n"
            "repetitions: none\n"
        )
        self.assertGreaterEqual(len(ended.err.strip().splitlines()), 3, ended.err)

    def test_prompt_variable_that_no_row_has(self):
        spec = SPEC.replace("{recorded: $.answer}", '{provider: "openai:m", prompt: "{{nobody}}"}')
        self.refused("nobody", spec=spec, env={"OPENAI_API_KEY": "sk-test"})

    def test_missing_key_names_the_variable(self):
        spec = SPEC.replace("{recorded: $.answer}", '{provider: "openai:m", prompt: "{{input}}"}')
        self.refused("spec.yaml:3", "OPENAI_API_KEY", spec=spec)

    def test_later_keys_are_refused_not_ignored(self):
        spec = SPEC.replace("[exact_match]", "[{type: exact_match, on: trace}]")
        self.assertNotEqual(spec, SPEC)
        self.refused("spec.yaml:4", "not available yet", spec=spec)

    def test_a_stored_dataset_is_no_file(self):
        for dataset, message in (("{name: stored}", "there is no store"),
                                 ("{name: stored, file: rows.jsonl}", "goes with a file"),
                                 ("{name: stored, input: $.q}", "goes with a file"),
                                 ("{name: stored, id: $.q}", "goes with a file"),
                                 ("{name: stored, version: tomorrow}", "tomorrow"),
                                 ("{file: rows.jsonl, version: 2026-11-01T00:00:00Z}",
                                  "goes with a stored dataset")):
            with self.subTest(dataset):
                self.refused(message, spec=SPEC.replace("rows.jsonl", dataset))

    def test_a_weight_is_refused_with_what_there_is_instead(self):
        spec = SPEC.replace("[exact_match]", "[{type: exact_match, weight: 2}]")
        self.assertNotEqual(spec, SPEC)
        self.refused("spec.yaml:4", "scores are not added up", "`checklist`", spec=spec)

    def test_what_needs_a_broken_evaluator_is_no_mistake_of_its_own(self):
        spec = SPEC.replace("[exact_match]", "[{name: tone, type: judge}, "
                            "{type: exact_match, needs: [tone]}]")
        self.assertNotEqual(spec, SPEC)
        ended = self.refused('evaluator "tone": judge needs "provider"', spec=spec)
        self.assertNotIn("exact_match", ended.err)

    def test_unknown_option_names_the_nearest(self):
        self.write("spec.yaml", SPEC)
        ended = self.assay("run", "spec.yaml", "--limt", "3")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn('did you mean "--limit"?', ended.err)

    def test_later_option_is_refused(self):
        self.write("spec.yaml", SPEC)
        ended = self.assay("run", "spec.yaml", "--server", "http://127.0.0.1:3000")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("not available yet", ended.err)

    def test_unknown_command_names_the_nearest(self):
        ended = self.assay("rnu")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn('did you mean "run"?', ended.err)

    def test_later_command_is_refused(self):
        ended = self.assay("worker")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("not available yet", ended.err)

    def test_output_with_unknown_ending(self):
        self.refused(".json", arguments=["--out", "report.docx"])

    def test_unknown_run(self):
        self.write("rows.jsonl", ROWS)
        self.write("spec.yaml", SPEC)
        self.assertEqual(self.assay("run", "spec.yaml").exit_code, 0)
        ended = self.assay("show", "nothing-like-it")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("nothing-like-it", ended.err)

    def test_no_store(self):
        ended = self.assay("show", "latest")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn(".assay", ended.err)


if __name__ == "__main__":
    unittest.main()
