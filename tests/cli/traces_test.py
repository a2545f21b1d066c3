"""assay traces: what clients and runs stored, listed, as a tree and as JSON lines."""

import json
import unittest

from server_process import Server, StoreOrServer

SPEC = """experiment: cities
dataset: {file: rows.jsonl, id: $.id}
task: {recorded: $.expected_output}
evaluators: [exact_match]
"""
ROWS = [{"id": "b", "input": "France", "expected_output": "Paris"},
        {"id": "c", "input": "Spain", "expected_output": "Madrid"}]
HOSTILE = "\x1b]0;owned\x07\x1b[31m\u202egnp.exe\nrm -rf"
FAST, SLOW, ODD = "aaaa000000000001", "aaaa000000000002", "bbbb"


def condition(column, operator, value, kind="string"):
    return {"type": kind, "column": column, "operator": operator, "value": value}


def client_events():
    """A quick trace, a slow one that is a tree, and one with what no client should send."""
    def at(second):
        return f"2026-11-01T09:30:{second:06.3f}Z"

    bodies = [
        ("trace-create", {"id": FAST, "timestamp": at(1), "name": "greet", "userId": "ada"}),
        ("trace-create", {"id": SLOW, "timestamp": at(2), "name": "support", "userId": "bob",
                          "sessionId": "chat-7", "tags": ["x", "y"], "metadata": {"k": "v"},
                          "input": {"question": "Why?"}, "output": "Because.\nSo."}),
        ("span-create", {"id": "outer", "traceId": SLOW, "name": "answer", "startTime": at(2),
                         "endTime": at(5)}),
        ("generation-create", {"id": "inner", "traceId": SLOW, "parentObservationId": "outer",
                               "name": "draft", "model": "house-model", "startTime": at(2.5),
                               "endTime": at(3), "usageDetails": {"input": 1000, "output": 234},
                               "costDetails": {"total": 0.0125}}),
        ("span-create", {"id": "lost", "traceId": SLOW, "parentObservationId": "outer",
                         "name": "look up", "startTime": at(3), "endTime": at(3.25),
                         "level": "ERROR", "statusMessage": "timed out"}),
        ("score-create", {"id": "s1", "traceId": SLOW, "name": "helpful", "value": 0.5,
                          "dataType": "NUMERIC", "comment": "short"}),
        ("score-create", {"id": "s2", "traceId": SLOW, "observationId": "inner", "name": "tone",
                          "value": "kind", "dataType": "CATEGORICAL"}),
        ("trace-create", {"id": ODD, "timestamp": at(3), "name": HOSTILE, "userId": HOSTILE,
                          "sessionId": HOSTILE, "input": HOSTILE, "tags": [HOSTILE],
                          "metadata": {HOSTILE: HOSTILE}}),
        ("span-create", {"id": "a", "traceId": ODD, "parentObservationId": "b", "name": HOSTILE,
                         "startTime": at(3), "statusMessage": HOSTILE}),
        ("span-create", {"id": "b", "traceId": ODD, "parentObservationId": "a", "name": "cycle",
                         "startTime": at(3.5)}),
        ("score-create", {"id": "s3", "traceId": ODD, "observationId": "a", "name": HOSTILE,
                          "value": HOSTILE, "dataType": "CATEGORICAL", "comment": HOSTILE})]
    return [{"id": f"e{i}", "timestamp": "2026-11-01T09:30:00.000Z", "type": kind, "body": body}
            for i, (kind, body) in enumerate(bodies)]


class TracesTestCase(StoreOrServer):
    def ok(self, *arguments, env=None):
        ended = self.asked("traces", *arguments, env=env)
        self.assertEqual(ended.exit_code, 0, ended.err)
        return ended.out

    def refused(self, *arguments):
        ended = self.asked("traces", *arguments)
        self.assertEqual((ended.exit_code, ended.out), (2, ""), ended.err)
        self.assert_no_crash(ended)
        self.assertEqual(ended.err.count("\n"), 1, ended.err)
        return ended.err

    def listed(self, *arguments):
        return [trace["id"] for trace in json.loads(self.ok("list", "--json", *arguments))]

    def filtered(self, *conditions):
        return self.listed("--filter", json.dumps(conditions))

    def chosen(self, condition):
        return self.listed("--filter", condition)

    def exported(self, *arguments):
        lines = self.ok("export", *arguments).split("\n")  # U+2028 is no end of a line
        self.assertEqual(lines.pop(), "")
        return [json.loads(line) for line in lines]

    def run_spec(self):
        self.write("spec.yaml", SPEC)
        self.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in ROWS))
        ended = self.assay("run", "spec.yaml")
        self.assertEqual(ended.exit_code, 0, ended.err)


class TracesOfClients:
    """The same of a store and of a server."""

    is_served = False

    def setUp(self):
        super().setUp()
        self.serve_it(still=self.is_served)
        self.fill(client_events())
        self.served = {trace: self.server.ask(f"/api/public/traces/{trace}", self.pair)[1]
                       for trace in (FAST, SLOW, ODD)}
        self.served_list = self.server.ask(
            "/api/public/traces?fields=core,scores,observations,metrics", self.pair)[1]["data"]
        if not self.is_served:
            self.while_served = self.listed()
            self.assertEqual(self.server.stop(), 0)

    def test_the_list_has_the_newest_first(self):
        lines = self.ok(env={"COLUMNS": "80"}).splitlines()
        self.assertEqual(lines[0].split(),
                         ["TIME", "ID", "OBS", "LATENCY", "COST", "SCORES", "NAME"])
        slow = lines[2]
        self.assertIn(SLOW, slow)  # the beginnings that tell these two apart are whole ids
        self.assertEqual(slow.split()[:2], ["2026-11-01", "09:30"])
        self.assertEqual(slow.split()[3:], ["3", "3000", "ms", "$0.0125", "2", "support"])
        self.assertEqual(lines[3].split()[2:], [FAST, "0", "0", "greet"])  # nothing is known
        self.assertEqual(len(lines), 4)

    def test_lines_are_no_wider_than_the_terminal(self):
        for columns in (80, 120, 160):
            for arguments in ((), ("show", SLOW), ("show", ODD)):
                with self.subTest(columns=columns, arguments=arguments):
                    out = self.ok(*arguments, env={"COLUMNS": str(columns)})
                    tree_or_table = out.rpartition("\n\n")[2].splitlines()
                    self.assertLessEqual(max(map(len, tree_or_table)), columns, out)
        for columns in ("120", "160"):
            wide = self.ok(env={"COLUMNS": columns})
            self.assertRegex(wide, r"USER +SESSION +NAME")
            self.assertRegex(wide, r"bob +chat-7 +support")

    def test_a_list_that_goes_on_says_so(self):
        self.assertEqual(self.listed("--limit", "1"), [ODD])
        self.assertIn("--limit 5 tells more", self.ok("--limit", "1"))
        self.assertNotIn("tells more", self.ok("--limit", "3"))

    def test_filters_are_those_of_the_api(self):
        for conditions, expected in (
                ([condition("userId", "=", "ada")], [FAST]),
                ([condition("latency", ">", 2, "number")], [SLOW]),
                ([condition("tags", "any of", ["y"], "arrayOptions")], [SLOW]),
                ([condition("level", "=", "ERROR")], [SLOW]),
                ([{**condition("metadata", "=", "v", "stringObject"), "key": "k"}], [SLOW]),
                ([{**condition("scores_avg", ">=", 0.5, "numberObject"), "key": "helpful"}],
                 [SLOW]),
                ([condition("timestamp", "<", "2026-11-01T09:30:03Z", "datetime"),
                  condition("id", "starts with", "aaaa")], [SLOW, FAST]),
                ([], [ODD, SLOW, FAST])):
            with self.subTest(conditions):
                self.assertEqual(self.filtered(*conditions), expected)
                self.assertEqual([trace["id"] for trace in
                                  self.exported("--filter", json.dumps(conditions))], expected)
        none = self.ok("--filter", json.dumps([condition("userId", "=", "nobody")]))
        self.assertIn("No trace passes the filter", none)

    def test_conditions_of_the_filter_language_choose_traces(self):
        for condition_text, expected in (
                ("userId = 'ada'", [FAST]),
                ("userId in ('ada', 'bob')", [SLOW, FAST]),
                ("userId = 'bob' and latency > 2", [SLOW]),
                ("userId = 'bob' and latency > 4", []),
                ("not userId = 'ada'", [ODD, SLOW]),
                ("userId != 'ada'", [ODD, SLOW]),
                ("sessionId != 'chat-8'", [ODD, SLOW]),  # what is missing is not unequal
                ("not sessionId exists", [FAST]),
                ("name contains 'gre'", [FAST]),
                ("name contains 'GRE'", []),
                ("name matches '^s.p+ort$' or name = 'greet'", [SLOW, FAST]),
                ("tags contains 'y'", [SLOW]),
                ("tags contains 'y' and tags contains 'x'", [SLOW]),
                ("metadata.k = 'v'", [SLOW]),
                ("metadata.k exists", [SLOW]),
                ("metadata.other = 'v'", []),
                ("input.question contains 'Why'", [SLOW]),
                ("output matches '^Because'", [SLOW]),
                ("level = 'ERROR'", [SLOW]),
                ("level in ('ERROR', 'DEFAULT') and id contains 'a'", [SLOW]),
                ("totalCost >= 0.0125", [SLOW]),
                ("totalTokens > 1233", [SLOW]),
                ("scores.helpful = 0.5", [SLOW]),
                ("scores.helpful < 0.5", []),
                ("scores.tone = 'kind'", [SLOW]),
                ("scores.tone in ('rude', 'kind')", [SLOW]),
                ("not scores.tone exists", [ODD, FAST]),
                ("public = false and id = '" + FAST + "'", [FAST]),
                ("timestamp >= '2026-11-01T09:30:02Z' and timestamp < '2026-11-01T09:30:03Z'",
                 [SLOW]),
                ("timestamp >= '2026-11-01T10:30:02+01:00'", [ODD, SLOW])):
            with self.subTest(condition_text):
                self.assertEqual(self.chosen(condition_text), expected)
                self.assertEqual([trace["id"] for trace in
                                  self.exported("--filter", condition_text)], expected)
        self.assertEqual(self.listed("--filter", "not userId = 'ada'", "--limit", "1"), [ODD])
        self.assertIn("--limit 5 tells more",
                      self.ok("--filter", "not userId = 'ada'", "--limit", "1"))
        self.assertNotIn("tells more", self.ok("--filter", "not userId = 'ada'", "--limit", "2"))

    def test_a_condition_that_cannot_be_decided_is_refused(self):
        for text, message in (
                ("usrId = 'ada'", 'did you mean "userId"'),
                ("userId = 5", "userId is compared with texts"),
                ("userId = null", "`not userId exists`"),
                ("latency > '2'", "latency is a number"),
                ("timestamp > 'yesterday'", "timestamp is compared with a time"),
                ("timestamp = '2026-11-01T09:30:02Z'", "can only be compared with < <= > >="),
                ("not level = 'ERROR'", "joined to the rest by `and`"),
                ("level != 'ERROR'", "can only be compared with = and in"),
                ("name.first = 'a'", "name has no members"),
                ("public = 'yes'", "public is true or false"),
                ("userId = ada", "--filter: "),
                ("", "--filter: ")):
            with self.subTest(text):
                self.assertIn(message, self.refused("--filter", text))

    def test_a_filter_that_is_wrong_is_one_sentence(self):
        for text, message in (
                ("{}", "filter"),
                ("[1]", "filter[0]: an element must be an object"),
                (json.dumps([condition("usrId", "=", "a")]), 'did you mean "userId"'),
                (json.dumps([condition("userId", "~", "a")]), "filter[0]"),
                (json.dumps([condition("latency", "=", "a")]), "latency"),
                (json.dumps([condition("timestamp", "<", "soon", "datetime")]), "filter[0]")):
            for action in ("list", "export"):
                with self.subTest(text=text, action=action):
                    self.assertIn(message, self.refused(action, "--filter", text))

    def test_a_trace_is_shown_as_a_tree(self):
        out = self.ok("show", SLOW, env={"COLUMNS": "120"})
        head, _, tree = out.partition("\n\n")
        self.assertEqual(head.splitlines()[0], "support")
        for words in (SLOW, "user +bob", "session +chat-7", "tags +x, y", r"\$0\.0125",
                      r'input +\{"question":"Why\?"\}', r"output\n    Because\.\n    So\.",
                      r"score +helpful 0\.5: short"):
            self.assertRegex(head, words)
        lines = tree.splitlines()
        column = lines[0].index("OBSERVATION")
        self.assertEqual([line[column:] for line in lines[1:]],
                         ["answer", "  draft · house-model", "    score tone kind", "  look up",
                          "    ERROR: timed out"])
        self.assertEqual(lines[2].split()[:5], ["500", "ms", "1,234", "$0.0125", "GENERATION"])
        self.assertNotIn("DEFAULT", out)
        self.assertIn("It has no observations", self.ok("show", FAST))

    def test_the_beginning_of_an_id_is_enough(self):
        self.assertEqual(self.ok("show", "bb"), self.ok("show", ODD))
        message = self.refused("show", "aaaa")
        self.assertIn("several traces begin with", message)
        self.assertIn(f"{SLOW}, {FAST}", message)

    def test_an_unknown_id_names_the_nearest_or_the_list(self):
        self.assertIn(f'did you mean "{FAST}"', self.refused("show", FAST[1:]))
        self.assertRegex(self.refused("show", "nothing like it"),
                         r"`assay traces( --server \S+)?` lists them")

    def test_an_export_is_what_the_api_gives(self):
        self.maxDiff = None
        exported = self.exported()
        self.assertEqual(exported, [self.served[trace] for trace in (ODD, SLOW, FAST)])
        self.assertEqual(list(exported[0])[-4:], ["latency", "totalCost", "observations", "scores"])
        self.assertEqual(json.loads(self.ok("show", SLOW, "--json")), self.served[SLOW])
        self.assertEqual(json.loads(self.ok("--json")), self.served_list)
        self.assertEqual(self.exported("--limit", "2"), exported[:2])
        ended = self.asked("traces", "export", "--out", "traces.jsonl")
        self.assertEqual((ended.exit_code, ended.out), (0, ""), ended.err)
        written = (self.folder / "traces.jsonl").read_text(encoding="utf-8")
        self.assertEqual(written, self.ok("export"))

    def test_hostile_text_reaches_no_terminal(self):
        for arguments in ((), ("show", ODD)):
            for columns in ("80", "160"):
                with self.subTest(arguments=arguments, columns=columns):
                    out = self.ok(*arguments, env={"COLUMNS": columns})
                    self.assertIn("\\x1b", out)
                    for sign in ("\x1b", "\x07", "\u202e"):
                        self.assertNotIn(sign, out)

    def test_observations_in_a_circle_come_once_each(self):
        tree = self.ok("show", ODD, env={"COLUMNS": "160"}).rpartition("\n\n")[2]
        self.assertEqual(tree.count("cycle"), 1)
        self.assertEqual(tree.count("SPAN"), 2)


class TracesOfClientsInAStore(TracesOfClients, TracesTestCase):
    def test_a_store_that_is_served_can_be_read(self):
        self.assertEqual(self.while_served, [ODD, SLOW, FAST])

    def test_a_project_that_is_not_there_is_named(self):
        self.assertEqual(self.listed("--project", "default"), [ODD, SLOW, FAST])
        self.assertIn('no project "defualt"; did you mean "default"',
                      self.refused("list", "--project", "defualt"))
        self.assertIn('no project "x"; it has default', self.refused("show", SLOW,
                                                                     "--project", "x"))


class TracesOfClientsOnAServer(TracesOfClients, TracesTestCase):
    is_served = True

    def test_a_store_says_the_same(self):
        for arguments in (("list",), ("list", "--json"), ("show", SLOW), ("show", ODD, "--json"),
                          ("export",), ("export", "--filter", "metadata.k exists")):
            with self.subTest(arguments):
                stored = self.assay("traces", *arguments)
                self.assertEqual(stored.exit_code, 0, stored.err)
                self.assertEqual(self.ok(*arguments), stored.out)

    def test_a_trace_that_is_too_large_for_one_answer_is_read_in_parts(self):
        for part in range(3):
            self.fill([{"id": f"L{part}-{i}", "type": "span-create",
                        "timestamp": f"2026-11-02T00:00:{part}{i}.000Z",
                        "body": {"id": f"o{part}{i}", "traceId": "large", "name": f"{part}{i}",
                                 "input": str(i) * 999_000,
                                 "startTime": f"2026-11-02T00:00:{part}{i}.000Z"}}
                       for i in range(8)])
        self.fill([{"id": "L-score", "type": "score-create",
                    "timestamp": "2026-11-02T00:00:00.000Z",
                    "body": {"id": "ls", "traceId": "large", "name": "n", "value": 1}}])
        arguments = ("show", "large", "--json")
        stored = self.assay("traces", *arguments)
        self.assertEqual(stored.exit_code, 0, stored.err)
        self.assertGreater(len(stored.out), 20 << 20)
        self.assertTrue(self.ok(*arguments) == stored.out)
        self.assertTrue(self.ok("export", "--filter", "id = 'large'") ==
                        self.assay("traces", "export", "--filter", "id = 'large'").out)

    def test_more_than_a_page_comes_once_each_and_in_order(self):
        """250 traces, 120 of which share a millisecond."""
        def event(i):
            moment = "2026-10-01T00:00:00.500Z" if 40 <= i < 160 else \
                f"2026-10-01T00:00:{i % 60:02}.{i:03}Z"
            return {"id": f"p{i}", "type": "trace-create", "timestamp": moment,
                    "body": {"id": f"many-{i:03}", "timestamp": moment, "userId": "many"}}
        self.fill([event(i) for i in range(250)])
        mine = ("--filter", "userId = 'many'")
        exported = [trace["id"] for trace in self.exported(*mine)]
        self.assertEqual(sorted(exported), [f"many-{i:03}" for i in range(250)])
        stored = self.assay("traces", "export", *mine)
        self.assertEqual(self.ok("export", *mine), stored.out)
        self.assertEqual(len(self.listed(*mine, "--limit", "150")), 150)
        self.assertEqual(self.listed(*mine, "--limit", "249"), exported[:249])


class TracesOfRuns(TracesTestCase):
    def test_a_run_makes_a_trace_of_each_unit(self):
        self.run_spec()
        traces = self.exported()
        self.assertEqual(sorted(trace["input"] for trace in traces), ["France", "Spain"])
        for trace in traces:
            self.assertEqual([score["name"] for score in trace["scores"]], ["exact_match"])
            self.assertEqual(len(json.loads(self.ok("show", trace["id"], "--json"))
                                 ["observations"]), len(trace["observations"]))
            shown = self.ok("show", trace["id"])
            self.assertIn("exact_match true", shown)
            self.assertIn(trace["output"], shown)
        lines = self.ok(env={"COLUMNS": "80"}).splitlines()
        self.assertEqual(len(lines), 3)
        self.assertLessEqual(max(map(len, lines)), 80)
        for line, trace in zip(lines[1:], traces):  # what is listed of an id leads to it
            beginning = line.split()[2]
            self.assertEqual(json.loads(self.ok("show", beginning, "--json")), trace)

    def test_a_store_without_traces_says_what_makes_them(self):
        self.assertIn("there is no store", self.refused())
        server = Server(self)
        server.pair()
        self.assertEqual(server.stop(), 0)
        self.assertIn('the project "default" of .assay yet: `assay run SPEC`', self.ok())
        self.assertEqual((self.listed(), self.exported()), ([], []))
        self.assertIn("`assay traces` lists them", self.refused("show", "any"))

    def test_mistakes(self):
        self.run_spec()
        for arguments, message in ((("show",), "takes one ID"),
                                   (("list", "abc"), "takes no ID"),
                                   (("export", "abc"), "takes no ID"),
                                   (("show", "abc", "--limit", "1"), "--filter and --limit go"),
                                   (("show", "abc", "--filter", "[]"), "--filter and --limit go"),
                                   (("list", "--out", "x"), "--out goes with"),
                                   (("export", "--json"), "JSON lines")):
            with self.subTest(arguments):
                self.assertIn(message, self.refused(*arguments))
        for arguments, message in ((("lst",), 'did you mean "list"'),
                                   (("--limit", "0"), "at least 1"),
                                   (("--limit", "-1"), "at least 1")):
            with self.subTest(arguments):
                ended = self.assay("traces", *arguments)
                self.assertEqual(ended.exit_code, 2, ended.err)
                self.assertIn(message, ended.err)
        self.assertEqual(len(self.listed("--limit", "18446744073709551615")), 2)


if __name__ == "__main__":
    unittest.main()
