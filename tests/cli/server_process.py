"""Runs the real server for process-level tests."""

import base64
import json
import re
import signal
import urllib.error
import urllib.request

from assay_process import ProcessTestCase

OWN_VARIABLES = ("LANGFUSE_", "SALT", "ENCRYPTION_KEY", "ADMIN_API_KEY")


class Server:
    """A running server and what it printed."""

    def __init__(self, test, *arguments, env=None):
        self.test = test
        self.process = test.start("serve", "--port", "0", *arguments, env=env)
        test.addCleanup(self.kill)
        first = self.process.stdout.readline().decode()
        found = re.search(r"assay serves (https?://\S+) from (\S+)", first)
        if not found:
            _, err = self.process.communicate(timeout=10)
            test.fail(f"it did not start: {first} {err.decode()}")
        self.url = found.group(1)
        self.out = first

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def stop(self, number=signal.SIGTERM):
        """Exit code; what it printed is in out and err."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=20)
        self.out += out.decode()
        self.err = err.decode()
        return self.process.returncode

    def pair(self):
        """The first key pair, which is printed right after the first line."""
        values = {}
        while len(values) < 4:
            line = self.process.stdout.readline().decode()
            self.out += line
            if "=" in line:
                name, _, value = line.strip().partition("=")
                values[name] = value
        return values

    def ask(self, path, pair=None, method="GET", body=None, headers=None, tls=None):
        request = urllib.request.Request(self.url + path, method=method,
                                         data=None if body is None else json.dumps(body).encode())
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        if pair:
            text = f"{pair['LANGFUSE_PUBLIC_KEY']}:{pair['LANGFUSE_SECRET_KEY']}"
            request.add_header("Authorization", "Basic " + base64.b64encode(text.encode()).decode())
        try:
            with urllib.request.urlopen(request, timeout=10, context=tls) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())


class ServerTestCase(ProcessTestCase):
    """A test whose servers are not told anything by the environment that it runs in."""

    def environment(self, extra=None):
        kept = {name: value for name, value in super().environment().items()
                if not name.startswith(OWN_VARIABLES)}
        return {**kept, **(extra or {})}


class StoreOrServer(ServerTestCase):
    """Commands on the same data, in a store or on a server: a subclass says which with `place`,
    arguments, and `variables`."""

    place = ()
    variables = {}

    def asked(self, command, *arguments, env=None):
        return self.assay(command, *arguments, *self.place, env={**self.variables, **(env or {})})

    def serve_it(self, *, still):
        """A server over the store, `still` there afterwards or only to fill it."""
        self.server = Server(self)
        self.pair = self.server.pair()
        if still:
            self.place = ("--server", self.server.url)
            self.variables = {name: self.pair[name]
                              for name in ("LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY")}

    def fill(self, events):
        status, answer = self.server.ask("/api/public/ingestion", self.pair, "POST",
                                         {"batch": events}, {"Content-Type": "application/json"})
        self.assertEqual((status, answer["errors"]), (207, []))
