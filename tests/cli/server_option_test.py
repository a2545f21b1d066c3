"""The commands on a server: which one, with which keys, and what is said of servers that refuse,
fail, or are something else."""

import json
import os
import pty
import random
import socket
import threading
import unittest
import urllib.parse

from loopback import serve
from server_process import StoreOrServer

KEYS = {"LANGFUSE_PUBLIC_KEY": "pk-lf-1", "LANGFUSE_SECRET_KEY": "sk-lf-secret"}
TRACE = {"id": "t1", "timestamp": "2026-11-01T09:30:00.000Z", "name": "one", "futureKey": {"x": 1}}
HOSTILE = "\x1b]0;owned\x07"


def page(rows, **meta):
    return json.dumps({"data": rows, "meta": {"page": 1, "limit": 100, **meta}, "extra": True})


class OnAServer(StoreOrServer):
    """`answer(number, request)` is the server."""

    def ask(self, answer, *arguments, env=None):
        self.server = serve(self, answer)
        ended = self.assay(*arguments, "--server", self.server.url, env={**KEYS, **(env or {})})
        self.assert_no_crash(ended)
        self.assertNotIn("sk-lf-secret", ended.err + ended.out)
        return ended

    def fails(self, code, answer, *arguments, env=None):
        ended = self.ask(answer, *(arguments or ("traces", "list")), env=env)
        self.assertEqual((ended.exit_code, ended.out), (code, ""), ended.err)
        waits = ended.err.count("; trying again in")
        self.assertEqual(ended.err.count("\n"), 1 + waits, ended.err)
        return ended.err

    def json(self, answer, *arguments):
        ended = self.ask(answer, *arguments, "--json")
        self.assertEqual(ended.exit_code, 0, ended.err)
        return json.loads(ended.out)


class WhichServer(OnAServer):
    def test_the_usual_variables_name_it(self):
        server = serve(self, lambda *_: (200, "application/json", page([], totalItems=0)))
        for variable in ("LANGFUSE_BASE_URL", "LANGFUSE_HOST", "LANGFUSE_BASEURL"):
            for url in (server.url, server.url + "/", server.url + "/api/public/otel"):
                ended = self.assay("prompts", "list", "--server", env={**KEYS, variable: url})
                self.assertEqual(ended.exit_code, 0, ended.err)
                self.assertIn("has no prompts", ended.out)
        for request in server.requests:
            self.assertTrue(request["path"].startswith("/api/public/v2/prompts?"))
            self.assertEqual(request["headers"]["Authorization"],
                             "Basic cGstbGYtMTpzay1sZi1zZWNyZXQ=")

    def test_an_address_may_stand_where_a_store_does_and_have_a_base_path(self):
        server = serve(self, lambda *_: (200, "application/json", page([], totalItems=0)))
        ended = self.assay("datasets", "--store", server.url + "/assay/", env=KEYS)
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertTrue(server.requests[0]["path"].startswith("/assay/api/public/v2/datasets?"))

    def test_a_proxy_is_asked_unless_no_proxy_names_the_server(self):
        proxy = serve(self, lambda *_: (200, "application/json", page([], totalItems=0)))
        through = {**KEYS, "http_proxy": proxy.url}
        ended = self.assay("prompts", "--server", "http://traces.invalid", env=through)
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertTrue(proxy.requests[0]["path"].startswith(
            "http://traces.invalid/api/public/v2/prompts"), proxy.requests)
        server = serve(self, lambda *_: (200, "application/json", page([], totalItems=0)))
        ended = self.assay("prompts", "--server", server.url,
                           env={**through, "no_proxy": "127.0.0.1"})
        self.assertEqual((ended.exit_code, len(server.requests)), (0, 1), ended.err)
        self.assertEqual(len(proxy.requests), 1)

    def test_the_variables_alone_do_not_leave_the_store(self):
        ended = self.assay("traces", env={**KEYS, "LANGFUSE_BASE_URL": "http://127.0.0.1:1"})
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("there is no store", ended.err)

    def test_what_cannot_be_meant_is_refused(self):
        for arguments, env, code, message in (
                (("--server",), KEYS, 2, "set LANGFUSE_BASE_URL, or write --server http://"),
                (("--server", "localhost:3000"), KEYS, 2, "is no address of a server"),
                (("--server", "ftp://x"), KEYS, 2, "is no address of a server"),
                (("--server", "http://u:p@127.0.0.1"), KEYS, 2, "user name or password"),
                (("--server", "http://127.0.0.1/?a=b"), KEYS, 2, "neither a query"),
                (("--server",), {**KEYS, "LANGFUSE_BASE_URL": "example"}, 2,
                 "is no address of a server"),
                (("--server", "http://127.0.0.1:1"), {}, 4,
                 "LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY are not set"),
                (("--server", "http://127.0.0.1:1"), {"LANGFUSE_PUBLIC_KEY": "a"}, 4,
                 "LANGFUSE_SECRET_KEY is not set"),
                (("--server", "http://127.0.0.1:1", "--store", "x"), KEYS, 2, "exclude each other"),
                (("--server", "http://127.0.0.1:1", "--project", "x"), KEYS, 2,
                 "the key pair says which project")):
            for command in ("traces", "datasets", "prompts"):
                with self.subTest(command=command, arguments=arguments):
                    ended = self.assay(command, *arguments, env=env)
                    self.assertEqual((ended.exit_code, ended.out), (code, ""), ended.err)
                    self.assertIn(message, ended.err)
                    self.assertNotIn("u:p", ended.err)


class ServersThatRefuse(OnAServer):
    def test_each_refusal_says_what_to_do(self):
        for status, body, code, message in (
                (401, {"message": "Invalid credentials"}, 4,
                 "does not accept the key pair (Invalid credentials): LANGFUSE_PUBLIC_KEY"),
                (403, {"message": "Access denied"}, 4, "does not let this key pair do that"),
                (400, {"message": "Invalid request data",
                       "error": [{"path": ["filter", 0], "message": "bad column"}]}, 2,
                 "(Invalid request data: filter.0: bad column)"),
                (404, {"message": "none"}, 4, "does not know /api/public/traces"),
                (414, {"message": "too long"}, 2, "finds the request too long"),
                (400, {"message": HOSTILE}, 2, "(\\x1b]0;owned\\x07)")):
            with self.subTest(status):
                err = self.fails(code, lambda *_: (status, "application/json", json.dumps(body)))
                self.assertIn(message, err)
                self.assertIn(self.server.url, err)
                self.assertNotIn("\x1b", err)
                self.assertEqual(len(self.server.requests), 1)

    def test_something_else_than_the_api_is_told(self):
        for status, kind, text, message in (
                (200, "text/html", "<html>Hello</html>", "with a web page"),
                (404, "text/html", "<html>Not here</html>", "with a web page"),
                (200, "application/json", "[1]", "something else than JSON"),
                (200, "application/json", '{"data": [', "something else than JSON"),
                (200, "application/json", "[" * 100_000, "something else than JSON"),
                (200, "application/json", '{"a":' * 50_000 + "1" + "}" * 50_000,
                 "something else than JSON"),
                (200, "application/json", "{}", "without a list"),
                (200, "application/json", '{"data": {"a": 1}}', "without a list"),
                (200, "application/json", '{"data": [1]}', "without a list"),
                (200, "application/json", page([{}]), 'a trace without "id"'),
                (200, "application/json", page([{"id": 1}]), 'a trace without "id"'),
                (200, "application/json", page([{**TRACE, "timestamp": HOSTILE}]),
                 'the time "\\x1b]0;owned\\x07"')):
            with self.subTest(text[:40]):
                err = self.fails(4, lambda *_: (status, kind, text))
                self.assertIn(message, err)
                self.assertNotIn("\x1b", err)

    def test_a_redirect_is_not_followed(self):
        err = self.fails(4, lambda *_: (308, "text/html", "", ("Location", "https://other/x?k=1")))
        self.assertIn("redirects (308) to https://other/x: name the address", err)

    def test_nobody_there(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{closed.getsockname()[1]}"
            ended = self.assay("traces", "--server", url, env=KEYS)
        self.assertEqual(ended.exit_code, 4)
        self.assertIn(url.removeprefix("http://"), ended.err)

    def test_tls_that_is_none(self):
        server = serve(self, lambda *_: (200, "application/json", page([])))
        ended = self.assay("traces", "--server", server.url.replace("http:", "https:"), env=KEYS)
        self.assertEqual(ended.exit_code, 4)
        self.assertIn("does it speak https?", ended.err)


class ServersThatFail(OnAServer):
    def test_what_passes_is_waited_for(self):
        def answer(number, _):
            if number == 1:
                return 429, "application/json", '{"message": "slow"}', ("Retry-After", "1")
            if number == 2:
                return 502, "text/html", "<html>bad gateway</html>"
            return 200, "application/json", page([TRACE], totalItems=1)
        ended = self.ask(answer, "traces", "list", "--json")
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertEqual([trace["id"] for trace in json.loads(ended.out)], ["t1"])
        self.assertEqual(len(self.server.requests), 3)
        self.assertIn("takes no more requests for now (429) (slow); trying again in 1 s", ended.err)

    def test_what_lasts_ends_with_4(self):
        err = self.fails(4, lambda *_: (503, "application/json", '{"message": "upgrade"}'))
        self.assertIn("fails (503) (upgrade)", err)
        self.assertEqual(len(self.server.requests), 5)
        err = self.fails(4, lambda *_: (429, "text/plain", "", ("Retry-After", "3600")))
        self.assertEqual(len(self.server.requests), 1)

    def test_an_answer_that_is_cut_is_asked_for_again(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        whole = page([TRACE], totalItems=1).encode()
        asked = []

        def answer():
            for body in (whole[:40], whole):
                connection, _ = listener.accept()
                with connection:
                    asked.append(connection.recv(65536))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                       b"Connection: close\r\nContent-Length: %d\r\n\r\n%b"
                                       % (len(whole), body))
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        ended = self.assay("traces", "list", "--json", "--server",
                           f"http://127.0.0.1:{listener.getsockname()[1]}", env=KEYS)
        thread.join(10)
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertEqual([trace["id"] for trace in json.loads(ended.out)], ["t1"])
        self.assertEqual(len(asked), 2)

    def test_a_server_that_knows_no_filter_is_not_believed(self):
        for rows in ([{**TRACE, "id": f"t{i}"} for i in range(100)],
                     [{**TRACE, "id": f"t{i}", "timestamp": f"2026-11-01T09:30:59.{100 - i:03}Z"}
                      for i in range(100)],
                     [{**TRACE, "id": f"t{i}", "timestamp": f"2026-11-01T09:30:59.{i:03}Z"}
                      for i in range(100)]):
            def answer(_, request):
                is_list = request["path"].startswith("/api/public/traces?")
                return 200, "application/json", page(rows) if is_list else json.dumps(TRACE)
            ended = self.ask(answer, "traces", "export", "--out", "traces.jsonl")
            self.assertEqual(ended.exit_code, 4, ended.err)
            self.assertIn("does not apply `filter`", ended.err)
            self.assertFalse((self.folder / "traces.jsonl").exists())
        other = [{**TRACE, "id": "a", "userId": "eve"}, {**TRACE, "id": "b", "userId": "ada"}]
        listed = self.json(lambda *_: (200, "application/json", page(other)), "traces", "list",
                           "--filter", "userId = 'ada'")
        self.assertEqual([trace["id"] for trace in listed], ["b"])


    def test_a_server_that_gives_smaller_pages_loses_nothing_in_silence(self):
        def answer(_, request):
            fields = dict(urllib.parse.parse_qsl(request["path"].partition("?")[2]))
            before = next((element["value"] for element in json.loads(fields.get("filter", "[]"))
                           if element["operator"] == "<"), "9")
            rows = [{**TRACE, "id": f"t{i}", "timestamp": f"2026-11-01T09:30:{59 - i:02}.000Z"}
                    for i in range(25)]
            rows = [row for row in rows if row["timestamp"] < before]
            begin = 10 * (int(fields["page"]) - 1)
            return 200, "application/json", page(rows[begin:begin + 10], totalItems=len(rows))
        listed = self.json(answer, "traces", "list", "--limit", "99")
        self.assertEqual([trace["id"] for trace in listed], [f"t{i}" for i in range(25)])
        rows = [{"id": f"d{i}", "name": f"d{i}"} for i in range(10)]
        err = self.fails(4, lambda *_: (200, "application/json", page(rows, totalItems=25)),
                         "datasets", "list")
        self.assertIn("fewer rows of /api/public/v2/datasets", err)


class ServersOfOthers(OnAServer):
    """Answers with keys of tomorrow and without those of today."""

    def test_traces(self):
        whole = {**TRACE, "observations": [{"id": "o", "type": "SPAN", "newKey": 1},
                                           {"parentObservationId": 7}],
                 "scores": [{"name": HOSTILE, "value": 1}, {}]}

        def answer(_, request):
            is_list = request["path"].startswith("/api/public/traces?")
            return 200, "application/json", page([TRACE]) if is_list else json.dumps(whole)
        self.assertEqual(self.json(answer, "traces", "list")[0]["futureKey"], {"x": 1})
        self.assertEqual(self.json(answer, "traces", "show", "t1"), whole)
        for arguments in (("list",), ("show", "t1")):
            ended = self.ask(answer, "traces", *arguments)
            self.assertEqual(ended.exit_code, 0, ended.err)
            self.assertIn("one", ended.out)
            self.assertNotIn("\x1b", ended.out)
        ended = self.ask(answer, "traces", "export")
        self.assertEqual(json.loads(ended.out), whole)

    def test_a_trace_that_goes_while_it_is_read_is_left_out(self):
        def answer(_, request):
            if request["path"].startswith("/api/public/traces?"):
                return 200, "application/json", page([TRACE, {**TRACE, "id": "t2"}])
            if request["path"].endswith("/t1"):
                return 404, "application/json", '{"message": "not found"}'
            return 200, "application/json", json.dumps({**TRACE, "id": "t2"})
        ended = self.ask(answer, "traces", "export")
        self.assertEqual(ended.exit_code, 0, ended.err)
        self.assertEqual(json.loads(ended.out)["id"], "t2")

    def test_a_long_export_tells_a_terminal_how_far_it_is(self):
        rows = [{**TRACE, "id": f"t{i}"} for i in range(24)]

        def answer(_, request):
            if request["path"].startswith("/api/public/traces?"):
                return 200, "application/json", page(rows, totalItems=24)
            threading.Event().wait(0.5)  # eight at a time: 1.5 s in all
            return 200, "application/json", json.dumps(TRACE)
        self.server = serve(self, answer)
        master, terminal = pty.openpty()
        self.addCleanup(os.close, master)
        process = self.start("traces", "export", "--out", "t.jsonl", "--server", self.server.url,
                             env=KEYS, stderr=terminal)
        os.close(terminal)
        out, _ = process.communicate(timeout=60)
        self.assertEqual((process.returncode, out), (0, b""))
        told = os.read(master, 65536).decode()
        self.assertRegex(told, r"\r(\d+) traces read, \1 written\x1b\[K")
        self.assertTrue(told.endswith("\r\x1b[KWrote t.jsonl\r\n"), told)

    def test_datasets(self):
        def answer(_, request):
            if request["path"].startswith("/api/public/dataset-items"):
                rows = [{"id": "i", "input": {"b": 1, "a": [2**70]}, "mediaReferences": []}]
                return 200, "application/json", page(rows, totalItems=1)
            if "/runs" in request["path"]:
                return 200, "application/json", page([], totalItems=0)
            return 200, "application/json", json.dumps({"id": "d", "name": "n", "new": 1})
        self.assertEqual(self.json(answer, "datasets", "show", "n")["items"], 1)
        ended = self.ask(answer, "datasets", "export", "n")
        self.assertEqual(json.loads(ended.out), {"id": "i", "input": {"a": [float(2**70)], "b": 1}})

    def test_a_dataset_that_changes_while_it_is_read_is_not_half_of_each(self):
        def answer(number, request):
            if request["path"].startswith("/api/public/dataset-items"):
                return 200, "application/json", page([{"id": "i"}], totalItems=number)
            return 200, "application/json", json.dumps({"id": "d", "name": "n"})
        ended = self.ask(answer, "datasets", "export", "n", "--out", "items.jsonl")
        self.assertEqual(ended.exit_code, 4)
        self.assertIn("--version TIME reads it as it was", ended.err)
        self.assertFalse((self.folder / "items.jsonl").exists())

    def test_prompts(self):
        def answer(_, request):
            if request["path"].startswith("/api/public/v2/prompts?"):
                return 200, "application/json", page([{"name": "p", "versions": [2, 1]}])
            return 200, "application/json", json.dumps({"name": "p", "version": 2, "prompt": "x",
                                                        "labels": None})
        self.assertEqual(self.json(answer, "prompts", "list")[0]["versions"], [1, 2])
        shown = self.json(answer, "prompts", "show", "p")
        self.assertEqual((shown["type"], shown["prompt"], shown["config"]), ("text", "x", {}))


class ServersThatSayAnything(OnAServer):
    """Answers of the right form with members that are gone or something else: seeded."""

    VALUES = (None, True, -1, 0.5, 2**63, "", "x", HOSTILE, [], [None], {}, {"a": [1]},
              "2026-11-01T09:30:00.000Z", "9999-12-31T23:59:59Z")

    def mutate(self, value):
        if self.random.random() < 0.06:
            return self.random.choice(self.VALUES)
        if isinstance(value, dict):
            return {name: self.mutate(member) for name, member in value.items()
                    if self.random.random() > 0.04}
        return [self.mutate(member) for member in value] if isinstance(value, list) else value

    def valid(self, path):
        trace = {**TRACE, "userId": "u", "sessionId": "s", "tags": ["a"], "latency": 1.5,
                 "totalCost": 0.25, "metadata": {"k": "v"}, "input": "i", "output": ["o"],
                 "observations": [{"id": "o", "type": "GENERATION", "name": "n", "latency": 1,
                                   "model": "m", "usageDetails": {"total": 5}, "level": "ERROR",
                                   "calculatedTotalCost": 0.1, "parentObservationId": "o"}],
                 "scores": [{"id": "s", "name": "n", "dataType": "BOOLEAN", "value": 1,
                             "observationId": "o", "comment": "c"}]}
        dataset = {"id": "d", "name": "n", "description": "d", "metadata": {}, "createdAt":
                   "2026-11-01T09:30:00.000Z", "updatedAt": "2026-11-01T09:30:00.000Z"}
        item = {"id": "i", "input": 1, "expectedOutput": 2, "metadata": {"a": 1},
                "createdAt": "2026-11-01T09:30:00.000Z"}
        prompt = {"id": "p", "name": "p", "version": 2, "type": "text", "prompt": "x",
                  "config": {}, "labels": ["latest"], "tags": [], "versions": [1, 2],
                  "commitMessage": "m", "createdAt": "2026-11-01T09:30:00.000Z"}
        row = next(row for part, row in (("trace", trace), ("item", item), ("prompt", prompt),
                                         ("dataset", dataset)) if part in path.partition("?")[0])
        if "page=" not in path:
            return row
        return {"data": [row] * ("page=1&" in path), "meta": {"totalItems": 1}}

    def test_no_answer_breaks_the_program(self):
        seed = int(os.environ.get("ASSAY_SEED", random.randrange(2**32)))
        self.random = random.Random(seed)
        server = serve(self, lambda _, request: (
            200, "application/json", json.dumps(self.mutate(self.valid(request["path"])))))
        commands = (("traces", "list"), ("traces", "show", "t1"), ("traces", "export"),
                    ("traces", "list", "--filter", "not metadata.k = 'x' and scores.n != 7"),
                    ("datasets", "list"), ("datasets", "show", "n"), ("datasets", "export", "n"),
                    ("prompts", "list"), ("prompts", "show", "p"), ("prompts", "pull", "pulled"))
        succeeded = 0
        for number in range(200):
            command = commands[number % len(commands)]
            with self.subTest(seed=seed, number=number, command=command):
                ended = self.assay(*command, "--server", server.url, env=KEYS)
                self.assert_no_crash(ended)
                self.assertIn(ended.exit_code, (0, 2, 4), ended.err)
                if "export" not in command:
                    self.assertNotIn("\x1b", ended.out + ended.err)
                succeeded += ended.exit_code == 0
        self.assertGreater(succeeded, 40, seed)


class Pushing(OnAServer):
    """A version is made once, whatever becomes of the answers."""

    def setUp(self):
        super().setUp()
        self.write("prompts/p.txt", "new")
        self.versions = []
        self.posts = 0

    def answer(self, request, *, is_made, says):
        if request["method"] == "POST":
            self.posts += 1
            if is_made(self.posts):
                self.versions.append(json.loads(request["body"])["prompt"])
            if not says(self.posts):
                return 502, "text/html", "<html>"
        if not self.versions:
            return 404, "application/json", '{"message": "Prompt not found"}'
        row = {"name": "p", "type": "text", "version": len(self.versions),
               "prompt": self.versions[-1], "labels": ["latest"]}
        return 200, "application/json", json.dumps(row)

    def push(self, **what):
        return self.ask(lambda _, request: self.answer(request, **what), "prompts", "push")

    def test_an_answer_that_is_lost_makes_no_second_version(self):
        ended = self.push(is_made=lambda _: True, says=lambda _: False)
        self.assertEqual((ended.exit_code, ended.out), (0, "p v1\n"), ended.err)
        self.assertEqual(self.posts, 1)

    def test_a_request_that_is_lost_is_sent_again(self):
        ended = self.push(is_made=lambda n: n == 3, says=lambda n: n == 3)
        self.assertEqual((ended.exit_code, ended.out), (0, "p v1\n"), ended.err)
        self.assertEqual((self.posts, self.versions), (3, ["new"]))

    def test_what_is_the_newest_is_not_sent(self):
        self.versions.append("new")
        ended = self.push(is_made=lambda _: True, says=lambda _: True)
        self.assertEqual((ended.exit_code, ended.out, self.posts), (0, "", 0), ended.err)

    def test_a_server_that_stays_broken_ends_with_4(self):
        ended = self.push(is_made=lambda _: False, says=lambda _: False)
        self.assertEqual((ended.exit_code, ended.out), (4, ""))
        self.assertEqual(self.posts, 5)


if __name__ == "__main__":
    unittest.main()
