"""What an operator meets: one server a store, the log, users, metrics, a slow end."""

import json
import re
import signal
import socket
import time
import unittest

from server_process import Server, ServerTestCase

INIT = {"LANGFUSE_INIT_ORG_ID": "acme", "LANGFUSE_INIT_PROJECT_ID": "support",
        "LANGFUSE_INIT_PROJECT_PUBLIC_KEY": "pk-lf-test",
        "LANGFUSE_INIT_PROJECT_SECRET_KEY": "sk-lf-canary-secret-1",
        "LANGFUSE_INIT_USER_EMAIL": "Ada@Example.org", "LANGFUSE_INIT_USER_NAME": "Ada",
        "LANGFUSE_INIT_USER_PASSWORD": "canary-password-2"}
SECRETS = {"SALT": "canary-salt-3", "ENCRYPTION_KEY": "ca4a" * 16,
           "ADMIN_API_KEY": "canary-admin-5"}
PAIR = {"LANGFUSE_PUBLIC_KEY": "pk-lf-test", "LANGFUSE_SECRET_KEY": "sk-lf-canary-secret-1"}
# The text format 0.0.4 of Prometheus.
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)'
                    r'(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)')


class Operation(ServerTestCase):
    def test_one_store_has_one_server(self):
        server = Server(self)
        second = self.assay("serve", "--port", "0")
        self.assertEqual(second.exit_code, 4)
        self.assertEqual(second.err.count("\n"), 1)
        self.assertIn(".assay", second.err)
        self.assertIn(f"pid {server.process.pid}", second.err)
        self.assertEqual(self.assay("keys", "list").exit_code, 0)
        self.assertEqual(server.ask("/api/public/health")[0], 200)
        Server(self, "--data", "other")
        server.kill()
        third = Server(self)
        self.assertEqual(third.stop(), 0)
        self.assertFalse((self.folder / ".assay" / "serve.lock").exists())

    def test_folders_that_cannot_be_used(self):
        self.write("file", "")
        for folder in ("file", "file/below", "/proc/assay", "/dev/null"):
            ended = self.assay("serve", "--port", "0", "--data", folder)
            self.assertEqual(ended.exit_code, 2, folder)
            self.assertEqual(ended.err.count("\n"), 1, ended.err)
            self.assertIn(folder.partition("/below")[0], ended.err)
            self.assert_no_crash(ended)

    def test_places_to_listen_at_that_are_none(self):
        for host in ("999.1.1.1", "example.org", "::g", ""):
            ended = self.assay("serve", "--port", "0", "--host", host)
            self.assertEqual(ended.exit_code, 2, host)
            self.assertIn("address", ended.err)
            self.assertFalse((self.folder / ".assay").exists())
        ended = self.assay("serve", "--port", "0", "--host", "192.0.2.1")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("--public", ended.err)

    def test_what_the_first_start_prints_fits_a_screen(self):
        server = Server(self, "--base-path", "/assay")
        pair = server.pair()
        self.assertEqual(server.stop(), 0)
        self.assertLessEqual(max(map(len, server.out.splitlines())), 80)
        self.assertEqual(sorted(pair), ["LANGFUSE_BASE_URL", "LANGFUSE_HOST",
                                        "LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY"])
        self.assertTrue(pair["LANGFUSE_BASE_URL"].endswith("/assay"))

    def test_an_owner_is_made_once_and_keeps_the_password(self):
        server = Server(self, env=INIT)
        self.assertEqual(server.ask("/api/public/projects", PAIR)[0], 200)
        self.assertEqual(server.stop(), 0)
        self.assertNotIn("warning", server.err)
        again = Server(self, env={**INIT, "LANGFUSE_INIT_USER_PASSWORD": "canary-password-9"})
        self.assertEqual(again.stop(), 0)
        warnings = [line for line in again.err.splitlines() if " warning " in line]
        self.assertEqual(len(warnings), 1, again.err)
        self.assertIn("LANGFUSE_INIT_USER_PASSWORD", warnings[0])
        self.assertNotIn("canary-password", again.err)

    def test_variables_that_cannot_be_used_stop_the_start(self):
        for changed, named in (
                ({"LANGFUSE_INIT_USER_PASSWORD": ""}, "LANGFUSE_INIT_USER_EMAIL"),
                ({"LANGFUSE_INIT_USER_PASSWORD": "short"}, "LANGFUSE_INIT_USER_PASSWORD"),
                ({"LANGFUSE_INIT_USER_EMAIL": "ada"}, "LANGFUSE_INIT_USER_EMAIL"),
                ({"LANGFUSE_INIT_ORG_ID": ""}, "LANGFUSE_INIT_ORG_ID"),
                ({"LANGFUSE_INIT_PROJECT_RETENTION": "1"}, "LANGFUSE_INIT_PROJECT_RETENTION")):
            ended = self.assay("serve", "--port", "0", env={**INIT, **changed})
            self.assertEqual(ended.exit_code, 2, changed)
            self.assertEqual(ended.err.count("\n"), 1, ended.err)
            self.assertIn(named, ended.err)
            self.assertNotIn("canary", ended.err)
            self.assert_no_crash(ended)
        server = Server(self, env=INIT)
        self.assertEqual(server.stop(), 0)

    def ask_everything(self, server):
        """Right, wrong and broken requests, each with a secret in it."""
        for pair in (PAIR, {**PAIR, "LANGFUSE_PUBLIC_KEY": "pk-lf-other"},
                     {**PAIR, "LANGFUSE_SECRET_KEY": "sk-lf-canary-wrong-6"}):
            for path in ("/api/public/projects", "/api/public/traces?name=canary-query-7",
                         "/api/public/nothing", "/api/public/v2/prompts/a%0Ab%1B%5B2J"):
                server.ask(path, pair, headers={"X-Forwarded-For": "203.0.113.7"})
        for key in ("canary-admin-5", "canary-admin-8"):
            for path in ("/api/admin/organizations", "/api/public/models"):
                server.ask(path, headers={"Authorization": f"Bearer {key}",
                                          "x-langfuse-admin-api-key": key,
                                          "x-langfuse-project-id": "support"})
        server.ask("/api/public/ingestion", PAIR, "POST", {"batch": [{"id": "canary-body-10"}]})
        server.ask("/api/public/ingestion", PAIR, "POST", "canary-body-11")

    def test_the_log_names_who_asks_and_never_a_secret(self):
        for form in ("text", "json"):
            server = Server(self, "--data", form, "--log", form, "--log-requests",
                            "--trusted-proxy", "127.0.0.1", env={**INIT, **SECRETS})
            self.ask_everything(server)
            self.assertEqual(server.stop(), 0)
            lines = server.err.splitlines()
            asked = [line for line in lines if "203.0.113.7" in line and "/api/public/" in line]
            self.assertEqual(len(asked), 12, server.err)
            self.assertNotIn("\x1b", server.err)
            for line in lines:
                if form == "json":
                    self.assertEqual(list(json.loads(line))[:3], ["time", "level", "event"])
                else:
                    self.assertRegex(line, r"^\d{4}-\d\d-\d\dT[\d:.]+Z (info   |warning) \w")
            written = [path.read_bytes() for path in (self.folder / form).rglob("*")
                       if path.is_file()]
            for secret in ("canary", SECRETS["ENCRYPTION_KEY"]):
                self.assertNotIn(secret, server.out + server.err)
                for content in written:
                    self.assertNotIn(secret.encode(), content)

    def test_without_the_option_requests_are_no_lines(self):
        server = Server(self)
        server.ask("/api/public/health")
        self.assertEqual(server.stop(), 0)
        self.assertEqual(len(server.err.splitlines()), 3)
        self.write("assay.yaml", "log-requests: true\n")
        server = Server(self, "--config", "assay.yaml")
        server.ask("/api/public/health")
        self.assertEqual(server.stop(), 0)
        self.assertIn("path=/api/public/health status=200", server.err)

    def test_metrics_are_in_the_format_of_prometheus(self):
        server = Server(self, env=INIT)
        server.ask("/api/public/projects", PAIR)
        server.ask('/"odd"\\path')
        server.ask("/api/public/traces", PAIR, "POST", {})
        connection = socket.create_connection(self.place_of(server))
        with connection:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
                               b"Connection: close\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        head, _, text = answer.partition("\r\n\r\n")
        self.assertIn("Content-Type: text/plain; version=0.0.4; charset=utf-8", head)
        self.assertTrue(text.endswith("\n"))
        types, seen, buckets = {}, set(), {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                self.assertNotIn(name, types)
                types[name] = kind
                continue
            if line.startswith("# HELP "):
                continue
            sample = SAMPLE.fullmatch(line)
            self.assertTrue(sample, line)
            name, labels, value = sample.groups()
            self.assertNotIn((name, labels), seen)
            seen.add((name, labels))
            self.assertGreaterEqual(float(value), 0)
            family = re.sub("_(bucket|sum|count)$", "", name)
            self.assertIn(types.get(family, types.get(name)), ("counter", "gauge", "histogram"))
            if name.endswith("_bucket"):
                series = labels.partition(",le=")[0]
                self.assertGreaterEqual(float(value), buckets.get(series, 0))
                buckets[series] = float(value)
        for name, labels in seen:
            if name.endswith("_request_seconds_count"):
                self.assertIn(("assay_http_request_seconds_bucket", labels + ',le="+Inf"'), seen)
        self.assertEqual(types["assay_http_requests_total"], "counter")

    @staticmethod
    def place_of(server):
        host, _, port = server.url.removeprefix("http://").partition(":")
        return host, int(port)

    def test_a_request_that_has_begun_is_answered_after_the_signal(self):
        server = Server(self, env=INIT)
        with socket.create_connection(self.place_of(server)) as slow:
            slow.sendall(b"GET /api/public/health HTTP/1.1\r\nHost: localhost\r\n")
            self.assertEqual(server.ask("/api/public/ready")[0], 200)
            server.process.send_signal(signal.SIGTERM)
            deadline = time.monotonic() + 10
            while server.ask("/api/public/ready")[0] != 500:
                self.assertLess(time.monotonic(), deadline)
            self.assertEqual(server.ask("/api/public/projects", PAIR)[0], 200)
            slow.sendall(b"\r\n")
            self.assertTrue(slow.recv(65536).startswith(b"HTTP/1.1 200 OK"))
        _, err = server.process.communicate(timeout=20)
        self.assertEqual(server.process.returncode, 0)
        self.assertIn("ended", err.decode())

    def test_a_second_signal_ends_it_at_once(self):
        server = Server(self)
        with socket.create_connection(self.place_of(server)) as slow:
            slow.sendall(b"GET /api/public/health HTTP/1.1\r\n")
            self.assertEqual(server.ask("/api/public/health")[0], 200)
            server.process.send_signal(signal.SIGTERM)
            while server.ask("/api/public/ready")[0] != 500:
                pass
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.process.wait(timeout=5), -signal.SIGTERM)
        self.assertEqual(Server(self).stop(), 0)

    def test_the_document_of_the_api_names_the_base_path(self):
        server = Server(self, "--base-path", "/below/this")
        status, document = server.ask("/api/public/openapi.json")
        self.assertEqual(status, 200)
        self.assertEqual(document["servers"], [{"url": "/below/this"}])
        self.assertIn("/api/public/traces", document["paths"])
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
