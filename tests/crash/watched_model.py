"""A model server on loopback that counts its calls and says when each arrives and is answered."""

import asyncio
import json
import threading


class WatchedModel:
    """Speaks chat completions. Everything but `start` and `stop` happens on a thread of its own.

    `answer(question)` gives the text. `on_call(number)` is called when the request of that number
    is here, and `on_reply(number)` right after its reply was handed to the system.
    """

    def __init__(self, answer, delay=0.0):
        self.answer = answer
        self.delay = delay
        self.calls = []  # the questions, in the order they arrived
        self.on_call = None
        self.on_reply = None
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.connections = 0
        self.changed = threading.Condition()

    def count_connections(self, more):
        with self.changed:
            self.connections += more
            self.changed.notify_all()

    def wait_until_alone(self):
        """Until nobody is connected: what a process sent before it was killed has arrived then."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.connections == 0, timeout=30):
                raise AssertionError("a connection outlives its process")

    def start(self):
        threading.Thread(target=self.serve, daemon=True).start()
        self.ready.wait()

    def serve(self):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(
            self.loop.create_server(lambda: Connection(self), "127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % server.sockets[0].getsockname()[1]
        self.ready.set()
        self.loop.run_forever()

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)


class Connection(asyncio.Protocol):
    def __init__(self, model):
        self.model = model
        self.received = b""

    def connection_made(self, transport):
        self.transport = transport
        self.model.count_connections(1)

    def connection_lost(self, _error):
        self.model.count_connections(-1)

    def data_received(self, data):
        self.received += data
        head, separator, rest = self.received.partition(b"\r\n\r\n")
        if not separator:
            return
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        if len(rest) < length:
            return
        self.received = rest[length:]
        question = json.loads(rest[:length])["messages"][-1]["content"]
        self.model.calls.append(question)
        number = len(self.model.calls)
        if self.model.on_call:
            self.model.on_call(number)
        self.model.loop.call_later(self.model.delay, self.reply, question, number)

    def reply(self, question, number):
        text = self.model.answer(question)
        body = json.dumps({
            "id": "c", "object": "chat.completion", "model": "tiny-2026",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text},
                         "finish_reason": "stop"}],
            "usage": {"prompt_tokens": len(question), "completion_tokens": len(text),
                      "total_tokens": len(question) + len(text)},
        }).encode()
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                             b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        if self.model.on_reply:
            self.model.on_reply(number)
