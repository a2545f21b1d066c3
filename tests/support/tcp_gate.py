"""A model server on loopback that fails as it is told: real sockets, scripted faults.

It speaks Chat Completions, whole and streamed, and answers "Answer to PROMPT". A script says for
each prompt and attempt what goes wrong:

    with TcpGate(lambda prompt, attempt: "cut" if attempt == 1 else None) as gate:
        ...  # gate.url, gate.attempts["PROMPT"]
"""

import contextlib
import email.utils
import json
import socket
import struct
import threading
import time
from collections import defaultdict

BYTES_OF_HUGE = (20 << 20) + 1


def usage():
    return {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}


def whole_answer(text):
    return json.dumps({
        "model": "tiny-1",
        "choices": [{"index": 0, "finish_reason": "stop",
                     "message": {"role": "assistant", "content": text}}],
        "usage": usage(),
    }).encode()


def streamed_answer(text):
    """The events of the same answer, a character each."""
    def event(choices, used=None):
        chunk = {"model": "tiny-1", "choices": choices, "usage": used}
        return b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n"
    events = [event([{"index": 0, "delta": {"role": "assistant", "content": ""}}])]
    events += [event([{"index": 0, "delta": {"content": c}}]) for c in text]
    events.append(event([{"index": 0, "delta": {}, "finish_reason": "stop"}]))
    return [*events, event([], usage()), b"data: [DONE]\n\n"]


def head(status=200, kind="application/json", **headers):
    lines = [f"HTTP/1.1 {status} Gate", f"Content-Type: {kind}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def page(body, status=200, kind="application/json", **headers):
    return head(status, kind, Content_Length=len(body), **headers) + body


def complaint(status, message, **headers):
    return page(json.dumps({"error": {"message": message}}).encode(), status, **headers)


def http_date(seconds_from_now):
    return email.utils.formatdate(time.time() + seconds_from_now, usegmt=True)


class HangUp(Exception):
    """The connection is not to be used again."""


def wait_for_the_client_to_leave(connection):
    """Until it hangs up or the gate closes."""
    with contextlib.suppress(OSError):
        while connection.recv(4096):
            pass
    raise HangUp


class Exchange:
    """One request that is being answered, or not."""

    def __init__(self, gate, connection, body):
        self.gate = gate
        self.connection = connection
        self.streams = body.get("stream", False)
        self.text = f"Answer to {body['messages'][-1]['content']}"
        self.whole = whole_answer(self.text)

    def send(self, data):
        self.connection.sendall(data)

    def send_and_hang_up(self, data):
        self.send(data)
        raise HangUp

    def answer(self):
        if not self.streams:
            self.send(page(self.whole))
            return
        self.send(head(200, "text/event-stream", Transfer_Encoding="chunked"))
        for event in streamed_answer(self.text):
            self.send(b"%x\r\n%b\r\n" % (len(event), event))
        self.send(b"0\r\n\r\n")

    # What can go wrong. Each is named in a script by the part after "fault_".

    def fault_stall(self):
        wait_for_the_client_to_leave(self.connection)

    def fault_stall_after_head(self):
        self.send(head(Content_Length=len(self.whole)))
        wait_for_the_client_to_leave(self.connection)

    def fault_byte_a_second(self):
        for byte in page(self.whole):
            self.send(bytes([byte]))
            if self.gate.closing.wait(1):
                break
        raise HangUp

    def fault_close(self):
        raise HangUp

    def fault_reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise HangUp

    def fault_restart(self):
        """The server goes away for a moment: connections break, new ones are refused."""
        self.gate.restart(0.3)
        raise HangUp

    def fault_cut(self):
        self.send_and_hang_up(page(self.whole)[:-20])

    def fault_cut_in_head(self):
        self.send_and_hang_up(b"HTTP/1.1 200 Gate\r\nContent-Ty")

    def fault_cut_stream(self):
        events = b"".join(streamed_answer(self.text)[:-4])
        self.send(head(200, "text/event-stream", Transfer_Encoding="chunked"))
        self.send_and_hang_up(b"%x\r\n%b\r\n" % (len(events), events))

    def fault_ended_stream(self):
        """Correct to HTTP, but the answer has no end."""
        self.send(page(b"".join(streamed_answer(self.text)[:-4]), kind="text/event-stream"))

    def fault_error_in_stream(self):
        error = b'data: {"error": {"message": "overloaded"}}\n\n'
        self.send(page(streamed_answer(self.text)[1] + error, kind="text/event-stream"))

    def fault_garbage(self):
        self.send_and_hang_up(b"\x16\x03\x01 nothing that is HTTP\r\n\r\n")

    def fault_length_too_long(self):
        self.send_and_hang_up(head(Content_Length=len(self.whole) + 9) + self.whole)

    def fault_length_too_short(self):
        self.send(head(Content_Length=len(self.whole) - 9) + self.whole)

    def fault_answer_to_nobody(self):
        """A second answer behind the first, which the next request must not get."""
        self.send(head(Content_Length=len(self.whole)))
        self.gate.closing.wait(0.02)  # so that the headers are read alone
        self.send(self.whole + page(whole_answer("Answer to nobody")))

    def fault_429_seconds(self):
        self.send(complaint(429, "slow down", Retry_After=1))

    def fault_429_date(self):
        self.send(complaint(429, "slow down", Retry_After=http_date(2)))

    def fault_429_for_an_hour(self):
        self.send(complaint(429, "slow down", Retry_After=3600))

    def fault_500(self):
        self.send(complaint(500, "internal error"))

    def fault_502(self):
        self.send(page(b"<html><body>Bad Gateway</body></html>", 502, "text/html"))

    def fault_503(self):
        self.send(complaint(503, "unavailable"))

    def fault_529(self):
        self.send(complaint(529, "overloaded"))

    def fault_400(self):
        self.send(complaint(400, "no such tool"))

    def fault_malformed_json(self):
        self.send(page(self.whole[:-20]))

    def fault_empty_choices(self):
        self.send(page(b'{"choices": []}'))

    def fault_html(self):
        self.send(page(b"<html><body>Welcome</body></html>", kind="text/html"))

    def fault_invalid_utf8(self):
        self.send(page(self.whole.replace(b"Answer", b"Answ\xff\xfe")))

    def fault_huge(self):
        self.send(head(Content_Length=BYTES_OF_HUGE))
        block = b" " * (1 << 20)
        for _ in range(BYTES_OF_HUGE // len(block) + 1):
            self.send(block)
        raise HangUp


class TcpGate:
    """Listens from its creation until it is closed."""

    def __init__(self, script):
        self.script = script
        self.attempts = defaultdict(int)  # by prompt
        self.times = defaultdict(list)    # when each attempt came, by prompt
        self.closing = threading.Event()
        self.lock = threading.Lock()
        self.connections = set()
        self.port = 0  # until the first listener has got one
        self.listener = None
        self.listen()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def close(self):
        self.closing.set()
        self.stop_listening()
        self.break_connections()

    def restart(self, seconds):
        """Is away for so long. Another restart meanwhile adds nothing."""
        if not self.stop_listening():
            return
        self.break_connections()
        self.closing.wait(seconds)
        self.listen()

    def stop_listening(self):
        with self.lock:
            listener, self.listener = self.listener, None
        if listener is None:
            return False
        # Closing alone would leave the thread in accept() listening.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        return True

    def break_connections(self):
        with self.lock:
            connections = list(self.connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def listen(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(256)
        self.port = listener.getsockname()[1]
        self.listener = listener
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def accept(self, listener):
        while not self.closing.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.connections.add(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(HangUp, OSError), connection.makefile("rb") as reader:
            while not self.closing.is_set():
                self.answer_one(connection, reader)
        with self.lock:
            self.connections.discard(connection)
        connection.close()

    def answer_one(self, connection, reader):
        if not reader.readline().startswith(b"POST "):  # it has left, or it speaks TLS
            wait_for_the_client_to_leave(connection)
        length = 0
        while (header := reader.readline()) not in (b"\r\n", b""):
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        exchange = Exchange(self, connection, json.loads(reader.read(length)))
        prompt = exchange.text.removeprefix("Answer to ")
        with self.lock:
            self.attempts[prompt] += 1
            self.times[prompt].append(time.monotonic())
            attempt = self.attempts[prompt]
        fault = self.script(prompt, attempt)
        if fault is None:
            exchange.answer()
        else:
            getattr(exchange, f"fault_{fault}")()
