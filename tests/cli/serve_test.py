"""`assay serve` and `assay keys` as processes: first start, keys, restart, signals."""

import json
import os
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import time
import unittest
import urllib.error
import urllib.request

from server_process import Server, ServerTestCase


class Serve(ServerTestCase):
    def test_first_start_prints_a_pair_once_and_a_restart_keeps_it(self):
        server = Server(self)
        pair = server.pair()
        self.assertEqual(pair["LANGFUSE_BASE_URL"], server.url)
        status, body = server.ask("/api/public/projects", pair)
        self.assertEqual(status, 200)
        self.assertEqual(body, {"data": [{
            "id": "default", "name": "default", "metadata": {},
            "organization": {"id": "default", "name": "default"}}]})
        self.assertEqual(server.ask("/api/public/projects")[0], 401)
        self.assertEqual(server.stop(), 0)
        secret = pair["LANGFUSE_SECRET_KEY"]
        self.assertNotIn(secret, server.err)
        for path in (self.folder / ".assay").rglob("*"):
            if path.is_file():
                self.assertNotIn(secret.encode(), path.read_bytes(), path)
        for name in ("salt", "encryption_key"):
            mode = (self.folder / ".assay" / name).stat().st_mode
            self.assertEqual(stat.S_IMODE(mode), 0o600)

        again = Server(self)
        self.assertEqual(again.ask("/api/public/projects", pair)[0], 200)
        self.assertEqual(again.stop(signal.SIGINT), 0)
        self.assertNotIn("sk-lf-", again.out)

    def test_variables_make_the_pair(self):
        env = {"LANGFUSE_INIT_ORG_ID": "acme", "LANGFUSE_INIT_PROJECT_ID": "support",
               "LANGFUSE_INIT_PROJECT_NAME": "Support", "SALT": "from outside",
               "ENCRYPTION_KEY": "ab" * 32,
               "LANGFUSE_INIT_PROJECT_PUBLIC_KEY": "pk-lf-canary-0001",
               "LANGFUSE_INIT_PROJECT_SECRET_KEY": "sk-lf-canary-0002"}
        server = Server(self, "--data", "data", "--log", "json", env=env)
        pair = {"LANGFUSE_PUBLIC_KEY": "pk-lf-canary-0001",
                "LANGFUSE_SECRET_KEY": "sk-lf-canary-0002"}
        self.assertEqual(server.ask("/api/public/projects", pair)[1]["data"][0]["name"], "Support")
        self.assertEqual(server.stop(), 0)
        self.assertNotIn("canary", server.out + server.err)
        events = [json.loads(line)["event"] for line in server.err.splitlines()]
        self.assertEqual(events, ["listening", "draining", "ended"])
        self.assertFalse((self.folder / "data" / "salt").exists())
        ended = self.assay("serve", "--port", "0", "--data", "data", env={**env, "SALT": "other"})
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("SALT", ended.err)

    def test_it_stops_at_once_with_idle_connections(self):
        server = Server(self)
        host, _, port = server.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))) as idle:
            idle.sendall(b"GET /api/public/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertTrue(idle.recv(65536).startswith(b"HTTP/1.1 200 OK"))
            began = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - began, 5)

    def test_public_addresses_and_foreign_names_are_refused(self):
        ended = self.assay("serve", "--host", "0.0.0.0", "--port", "0")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("--public", ended.err)
        ended = self.assay("serve", "--host", "0.0.0.0", "--public", "--port", "0")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("--tls-cert", ended.err)
        ended = self.assay("serve", "--host", "example.org", "--public", "--tls-by-proxy",
                           "--port", "0")
        self.assertEqual(ended.exit_code, 2)
        server = Server(self)
        request = urllib.request.Request(server.url + "/api/public/health",
                                         headers={"Host": "evil.example"})
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        self.assertEqual(refused.exception.code, 421)
        refused.exception.close()
        named = Server(self, "--allow-host", "evil.example", "--data", "other")
        request.full_url = named.url + "/api/public/health"
        with urllib.request.urlopen(request, timeout=10) as answer:
            self.assertEqual(answer.status, 200)

    def make_certificate(self):
        """A certificate of this machine and its key, or the test is skipped."""
        if not shutil.which("openssl"):
            self.skipTest("there is no openssl to make a certificate with")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", self.folder / "tls.key",
             "-out", self.folder / "tls.pem"], check=True, capture_output=True)

    def test_tls_with_a_certificate(self):
        self.make_certificate()
        server = Server(self, "--tls-cert", "tls.pem", "--tls-key", "tls.key")
        pair = server.pair()
        self.assertTrue(pair["LANGFUSE_BASE_URL"].startswith("https://"))
        tls = ssl.create_default_context(cafile=self.folder / "tls.pem")
        self.assertEqual(server.ask("/api/public/projects", pair, tls=tls)[0], 200)
        tls.maximum_version = ssl.TLSVersion.TLSv1_2
        self.assertEqual(server.ask("/api/public/projects", pair, tls=tls)[0], 200)
        server.url = server.url.replace("https", "http")
        with self.assertRaises(OSError):
            server.ask("/api/public/health")
        self.assertEqual(server.stop(), 0)
        for arguments in (("--tls-cert", "tls.pem"), ("--tls-key", "tls.key"),
                          ("--tls-cert", "tls.key", "--tls-key", "tls.key"),
                          ("--tls-cert", "tls.pem", "--tls-key", "none.key")):
            ended = self.assay("serve", "--port", "0", *arguments)
            self.assertEqual(ended.exit_code, 2, arguments)
            self.assertIn("TLS", ended.err)

    def test_a_file_holds_the_options_and_the_command_line_wins(self):
        self.write("etc/assay.yaml", """
            port: 1
            data: ../store
            base-path: /from-file
            allow-host: [assay.example]
            trusted-proxy:
              - 127.0.0.1
            log: json
            """)
        server = Server(self, "--config", "etc/assay.yaml", "--base-path", "/from-line")
        self.assertTrue(server.url.endswith("/from-line"))
        self.assertEqual(server.ask("/api/public/health")[0], 200)
        for host, status in (("assay.example", 200), ("other.example", 421)):
            self.assertEqual(
                server.ask("/api/public/health", headers={"X-Forwarded-Host": host})[0], status)
        server.url = server.url.removesuffix("/from-line")
        self.assertEqual(server.ask("/api/public/health")[0], 404)
        self.assertEqual(server.ask("/metrics")[0], 404)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(json.loads(server.err.splitlines()[0])["event"], "listening")
        self.assertTrue(any((self.folder / "store").iterdir()))
        self.assertFalse((self.folder / ".assay").exists())

    def test_mistakes_in_the_file_are_told_with_their_places(self):
        self.write("assay.yaml", "prot: 1\nport: 65536\nlog: xml\nallow-host: a\n"
                                 "public: 1\nbase-path: no-slash\ndata: ''\n")
        ended = self.assay("serve", "--config", "assay.yaml", "--port", "0")
        self.assertEqual(ended.exit_code, 2)
        lines = ended.err.splitlines()
        self.assertEqual(lines[0], 'assay.yaml:1:1: unknown key "prot"; did you mean "port"?')
        self.assertEqual([line.split(":")[1] for line in lines], ["1", "2", "3", "4", "5", "7"])
        self.write("assay.yaml", "port: 1\nport: 2\n")
        self.assertEqual(self.assay("serve", "--config", "assay.yaml").exit_code, 2)
        self.write("assay.yaml", "base-path: no-slash\n")
        ended = self.assay("serve", "--config", "assay.yaml", "--port", "0")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("no-slash", ended.err)
        for content in ("[]", "text", b"\xff\xfe", "a: &a [*a]"):
            self.write("assay.yaml", content)
            ended = self.assay("serve", "--config", "assay.yaml", "--port", "0")
            self.assertEqual(ended.exit_code, 2, content)
            self.assert_no_crash(ended)
        ended = self.assay("serve", "--config", "none.yaml")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("none.yaml", ended.err)
        self.write("assay.yaml", "# nothing is set\n")
        self.assertEqual(Server(self, "--config", "assay.yaml").stop(), 0)

    def test_options_that_cannot_be(self):
        for arguments in (("--trusted-proxy", "proxy.example"), ("--base-path", "x"),
                          ("--base-path", "/x/")):
            ended = self.assay("serve", "--port", "0", *arguments)
            self.assertEqual(ended.exit_code, 2, arguments)
            self.assertIn(arguments[1], ended.err)

    def test_a_port_in_use_is_named(self):
        server = Server(self)
        port = server.url.rpartition(":")[2]
        ended = self.assay("serve", "--port", port, "--data", "other")
        self.assertEqual(ended.exit_code, 4)
        self.assertIn(port, ended.err)
        self.assertIn("LANGFUSE_SECRET_KEY", Server(self, "--data", "other").pair())
        ended = self.assay("serve", "--port", "70000")
        self.assertEqual(ended.exit_code, 2)

    def test_keys_are_made_listed_and_revoked_beside_a_running_server(self):
        self.assertEqual(self.assay("keys", "list").exit_code, 2)
        self.assertFalse(os.path.exists(self.folder / ".assay"))
        server = Server(self)
        made = self.assay("keys", "create", "--note", "CI", "--json")
        self.assertEqual(made.exit_code, 0, made.err)
        key = json.loads(made.out)
        pair = {"LANGFUSE_PUBLIC_KEY": key["public_key"], "LANGFUSE_SECRET_KEY": key["secret_key"]}
        self.assertEqual(server.ask("/api/public/projects", pair)[0], 200)
        listed = self.assay("keys", "list", "--json")
        self.assertNotIn(key["secret_key"], listed.out)
        self.assertEqual([row["note"] for row in json.loads(listed.out)],
                         ["Made at the first start", "CI"])
        self.assertIn(key["public_key"], self.assay("keys", "list").out)
        organization = json.loads(
            self.assay("keys", "create", "--organization", "default", "--json").out)
        administrator = {"LANGFUSE_PUBLIC_KEY": organization["public_key"],
                         "LANGFUSE_SECRET_KEY": organization["secret_key"]}
        status, project = server.ask("/api/public/projects", administrator, "POST",
                                     {"name": "second", "retention": 0})
        self.assertEqual(status, 201)
        ended = self.assay("keys", "create")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("--project", ended.err)
        self.assertEqual(self.assay("keys", "create", "--project", project["id"]).exit_code, 0)
        self.assertEqual(self.assay("keys", "revoke", key["public_key"]).exit_code, 0)
        self.assertEqual(server.ask("/api/public/projects", pair)[0], 401)
        self.assertEqual(self.assay("keys", "revoke", key["public_key"]).exit_code, 2)
        self.assertEqual(server.stop(), 0)

    def test_mistakes_on_the_command_line(self):
        Server(self).stop()
        for arguments in (("keys", "revoke"), ("keys", "list", "x"), ("keys", "mint"),
                          ("keys", "list", "--note", "x"), ("keys", "create", "--project", "x"),
                          ("keys", "create", "--organization", "x"),
                          ("serve", "--log", "xml")):
            ended = self.assay(*arguments)
            self.assertEqual(ended.exit_code, 2, arguments)
            self.assert_no_crash(ended)


if __name__ == "__main__":
    unittest.main()
