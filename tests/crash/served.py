"""A server that a test starts, asks and kills."""

import base64
import http.client
import json
import re
import signal
import subprocess
import time

PUBLIC_KEY = "pk-lf-00000000-0000-4000-8000-000000000001"
SECRET_KEY = "sk-lf-00000000-0000-4000-8000-000000000002"
AUTHORIZATION = "Basic " + base64.b64encode(f"{PUBLIC_KEY}:{SECRET_KEY}".encode()).decode()


class Server:
    """`assay serve` over a folder, on a port of its own; `started` seconds until it was ready."""

    def __init__(self, test, data, must_start=True):
        """Without `must_start` a server may have no port, and one that has may not be ready."""
        began = time.monotonic()
        self.process = test.start(
            "serve", "--data", data, "--port", "0", stderr=subprocess.DEVNULL,
            env={"LANGFUSE_INIT_ORG_ID": "org", "LANGFUSE_INIT_PROJECT_ID": "project",
                 "LANGFUSE_INIT_PROJECT_PUBLIC_KEY": PUBLIC_KEY,
                 "LANGFUSE_INIT_PROJECT_SECRET_KEY": SECRET_KEY})
        first = self.process.stdout.readline().decode()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", first)
        if must_start and not found:
            raise AssertionError(f"the server said {first!r}")
        self.port = int(found[1]) if found else None
        if not found:
            return
        status, _ = self.ask("GET", "/api/public/ready")
        if must_start and status != 200:
            raise AssertionError(f"not ready: {status}")
        self.started = time.monotonic() - began

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(self, method, path, body=None, connection=None):
        """The status and the JSON of an answer."""
        asked = connection or self.connect()
        asked.request(method, path, None if body is None else json.dumps(body),
                      {"Authorization": AUTHORIZATION, "Content-Type": "application/json"})
        response = asked.getresponse()
        text = response.read()
        if connection is None:
            asked.close()
        return response.status, json.loads(text) if text else None

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        """Ends it as an operator would; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        self.process.stdout.close()
        return code
