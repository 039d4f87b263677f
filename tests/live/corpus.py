"""A corpus: requests and responses in which ids, times, URLs and texts are placeholders, so that it has no secrets and
can be sent again and compared."""

import json
import re

#: Numbers that differ with each run.
VOLATILE = ["duration_ms", "total_input_tokens", "total_output_tokens"]

#: Headers whose values are kept; of the others at most the names.
SHOWN = ["content-type", "allow", "www-authenticate", "retry-after", "transfer-encoding"]

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?"
PLACEHOLDER = re.compile(r"<[^<> ]+ \d+>")


def shape(value):
    """The form of an id: `idx-uuid`, or the numbers of its letters."""
    return re.sub(r"(?!uuid\b)[0-9A-Za-z]{6,}", lambda run: str(len(run[0])), re.sub(UUID, "uuid", value))


class Placeholders:
    """The placeholders of one run. What a response names first is numbered, so that equal runs have equal ones."""

    def __init__(self, run_name):
        self.by_value = {run_name: "<run 1>"}

    def of_id(self, value):
        if len(value) < 6 or PLACEHOLDER.fullmatch(value):
            return value
        if value not in self.by_value:
            form = shape(value)
            number = sum(known.startswith(f"<{form} ") for known in self.by_value.values())
            self.by_value[value] = f"<{form} {number + 1}>"
        return self.by_value[value]

    def of_text(self, text):
        text = re.sub(r"https?://[^\s\"']+", "<url>", self.of_request(text))
        text = re.sub(TIME, lambda found: f"<time{found[1] or ''}>", text)
        return re.sub(UUID, lambda found: self.of_id(found[0]), text)

    def of_response(self, value, name=""):
        """The content of a response, from which placeholders are learned."""
        if isinstance(value, dict):
            return {key: self.of_response(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.of_response(inner, name) for inner in value]
        if name in VOLATILE:
            return value and "<number>"
        if not isinstance(value, str):
            return value
        if name in ("content", "next_page_token"):
            return f"<{name}>"
        return self.of_id(value) if re.fullmatch(r"(.*_)?ids?", name) else self.of_text(value)

    def of_request(self, value):
        """The content of a request with the placeholders of what responses named before."""
        return replaced(value, sorted(self.by_value.items(), key=lambda item: -len(item[0])))

    def filled(self, value):
        """The content of a recorded request with the ids of this run."""
        return replaced(value, [(placeholder, known) for known, placeholder in self.by_value.items()])

    def of_stream(self, text):
        """The events of a stream as they came, without repeats of one with the same form."""
        text = re.sub(r'("content": ?)"(?:[^"\\]|\\.)*"', r'\1"<content>"', text)
        text = re.sub(rf'("(?:{"|".join(VOLATILE)})": ?)[\d.]+', r"\1<number>", text)
        identifier = r'("(?:\w+_)?id": ?")([^"]+)"'
        text = re.sub(identifier, lambda found: f'{found[1]}{self.of_id(found[2])}"', self.of_text(text))
        events = text.split("\n\n")
        return [event for at, event in enumerate(events) if event not in events[max(at - 1, 0) : at]]


def replaced(value, pairs):
    text = json.dumps(value)
    for old, new in pairs:
        text = text.replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1])
    return json.loads(text)


class Corpus:
    """The exchanges of a run, as they are written."""

    def __init__(self, session):
        self.session, self.placeholders, self.lines = session, Placeholders(session.run_name), []

    def ask(self, question, step, request, until=None):
        """Sends a request and records it; the response as it came."""
        recorded = self.placeholders.of_request(request)
        response = self.session.send_until(request, until)
        line = {"question": question, "step": step, "request": recorded, "until": until}
        self.lines.append({**line, "response": self.shown(response, has_names=question == 8)})
        return response

    def shown(self, response, has_names):
        headers = response["headers"]
        is_stream = headers.get("content-type", "").startswith("text/event-stream")
        shown = {name: headers[name] for name in SHOWN if name in headers}
        body = self.placeholders.of_stream(response["body"]) if is_stream else None
        result = {"status": response["status"], "headers": shown}
        if has_names:
            others = set(headers) - set(SHOWN)
            result["other_headers"] = sorted(name for name in others if not name.startswith("x-mock-"))
        return {**result, "body": body or self.placeholders.of_response(response["body"])}

    def replay(self, earlier):
        """Sends the requests of another corpus again; those whose ids this server did not name are left out."""
        for line in earlier:
            request = self.placeholders.filled(line["request"])
            if not line.get("unasked") and not PLACEHOLDER.search(json.dumps(request)):
                self.ask(line["question"], line["step"], request, line["until"])

    def write(self, path):
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in self.lines)
        if self.session.key in text:
            raise SystemExit("the corpus would hold the API key; it is not written")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def differences(one, other, place=""):
    """The places at which two values differ, with both."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *(key for key in other if key not in one)]:
            yield from differences(one.get(key, "(none)"), other.get(key, "(none)"), f"{place}/{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for at, pair in enumerate(zip(one, other)):
            yield from differences(*pair, f"{place}/{at}")
    elif one != other or type(one) is not type(other):
        one, other = [json.dumps(value, ensure_ascii=False)[:200] for value in (one, other)]
        yield f"{place}: {one} -> {other}"


def compared(earlier, later):
    """The differences of two corpora, a line each, and the number of exchanges that both have."""
    key = lambda line: (line["question"], line["step"])
    later, lines, both = {key(line): line for line in later}, [], 0
    for line in [line for line in earlier if not line.get("unasked")]:
        where = f"question {line['question']}, {line['step']}"
        if key(line) not in later:
            lines.append(f"{where}: it was not asked, because an id that it needs is not known")
            continue
        both += 1
        found = list(differences(line["response"], later[key(line)]["response"]))
        lines += [f"{where}: {difference}" for difference in found[:10]]
        lines += [f"{where}: {len(found) - 10} more differences"] if len(found) > 10 else []
    return lines, both
