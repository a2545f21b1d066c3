"""Plays the three judges of answers.eval.yaml on port 47311, by rules that count words.

    python3 stub_models.py        ends with Ctrl-C

It is no model: what it says shows how judges are used, not how good an answer is.
"""

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KIND = ("sorry", "please", "gladly")
CURT = ("no idea", "do it yourself")
HELPFUL = ("account", "days", "order", "please")


def judged_data(text):
    """What stands between the tags of the fence: name -> value."""
    fenced = r'<judged-data of="([\w.]+)" key="\w+">\n(.*?)\n</judged-data'
    return dict(re.findall(fenced, text, re.DOTALL))


def count(answer, words):
    return sum(word in answer.lower() for word in words)


def tone_of(answer):
    if count(answer, CURT):
        return "unfitting", f"{answer!r} leaves the customer alone."
    if count(answer, KIND):
        return "fits", "It speaks to the customer and offers help."
    return "neutral", "It gives the facts and no more."


def better_of(first, second):
    """Likes whatever stands first, unless the other one is clearly more helpful."""
    lead = count(first, HELPFUL + KIND) - count(second, HELPFUL + KIND)
    verdict = "B" if lead < -1 else "A"
    return verdict, f"Answer A has {lead:+d} helpful words more than answer B."


def helps(model, answer):
    """judge-b wants a whole sentence more, judge-c says yes to everything."""
    words = {"judge-a": 1, "judge-b": 2, "judge-c": 0}[model]
    verdict = count(answer, HELPFUL) >= words
    return verdict, f"It has {count(answer, HELPFUL)} helpful words; {words} would do."


def reply_to(request):
    schema = request["response_format"]["json_schema"]["schema"]
    possible = schema["properties"]["verdict"].get("enum", [])
    data = judged_data(request["messages"][-1]["content"])
    if "tie" in possible:
        verdict, reasoning = better_of(data["answer_a"], data["answer_b"])
    elif "neutral" in possible:
        verdict, reasoning = tone_of(data["output"])
    else:
        verdict, reasoning = helps(request["model"], data["output"])
    return {"reasoning": reasoning, "verdict": verdict}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said = json.dumps(reply_to(request))
        words = sum(len(each["content"].split()) for each in request["messages"])
        payload = json.dumps({
            "model": request["model"],
            "choices": [{"message": {"role": "assistant", "content": said},
                         "finish_reason": "stop"}],
            "usage": {"prompt_tokens": words, "completion_tokens": len(said.split()),
                      "total_tokens": words + len(said.split())}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 47311), Handler).serve_forever()
