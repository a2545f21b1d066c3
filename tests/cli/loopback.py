"""A server of our own on loopback, whose answers a function decides."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def serve(test, answer):
    """Starts a server that ends with the test.

    `answer(number, request)` gives status, content type, text and any further headers; the first
    request is number 1, and each has method, path, headers and body (a text).
    """
    server = LoopbackServer(answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    test.addCleanup(server.server_close)
    test.addCleanup(server.shutdown)
    return server


class LoopbackServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256  # the default of 5 drops the connections of a concurrent run

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.requests = []
        self.lock = threading.Lock()

    def handle_error(self, request, client_address):
        """A client that hangs up is what some of the tests are about."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer's body waits 40 ms for an acknowledgement

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = {"method": self.command, "path": self.path, "headers": dict(self.headers),
                   "body": body.decode()}
        with self.server.lock:
            self.server.requests.append(request)
            number = len(self.server.requests)
        status, content_type, text, *headers = self.server.answer(number, request)
        if content_type == "text/event-stream":
            self.stream(text)
            return
        payload = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(payload)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)

    def stream(self, text):
        """In chunks of three bytes, so that no event arrives whole."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        payload = text.encode()
        for at in range(0, len(payload), 3):
            part = payload[at:at + 3]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    do_GET = answer
    do_POST = answer

    def log_message(self, *_):
        pass
