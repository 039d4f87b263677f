"""Asks a server the questions that the documentation of the service leaves open, and records the answers.

live.py record CORPUS     asks all questions, prints the answers and writes the corpus
live.py replay CORPUS     sends its requests again, and prints the differences: to the emulator, or since then

The server is LLAMA_CLOUD_BASE_URL, by default the service, and the key LLAMA_CLOUD_API_KEY. Exit code: 0, 2 for
differences, 1 for a failure, also if nothing was compared.
"""

import argparse
import json
import os
import signal
import sys

from corpus import Corpus, compared, read
from session import Session

#: What is open, by number.
QUESTIONS = {
    1: "What do sync and cancel answer, and a sync while another one runs?",
    2: "Which ids name an index, and what form do ids have?",
    3: "What is the metadata of an index after its create, during a sync, and after ready, cancel and failure?",
    4: "What does a 404 say, and does a wrong kind of id get one?",
    5: "How are values refused that the schema does not check?",
    6: "Duplicate unique ids, a bulk delete with an unknown file, and a deleted directory?",
    7: "What are the bytes of a stream of chat?",
    8: "Which headers has a response, and has a 429?",
    9: "No key, a wrong key, no content type, an empty parameter: which framework answers?",
    10: "Default numbers and orders, the ranges of scores, and what score_threshold compares?",
}

INDEXES, DIRECTORIES, FILES = "/api/v1/indexes", "/api/v1/beta/directories", "/api/v1/beta/files"
RETRIEVAL, CHAT = "/api/v1/retrieval", "/api/v1/chat"

#: About 30 chunks with 60 matches.
TEXT = "\n\n".join(f"Apples of the year {year}. " + "Many more apples grew. " * 40 for year in range(1990, 2020))


class Questions:
    """All questions, with a directory, three files, an index and a session, and the indexes whose values are accepted."""

    def __init__(self, corpus):
        self.corpus = corpus

    def ask(self, question, step, method, path, until=None, **content):
        return self.corpus.ask(question, step, {"method": method, "path": path, **content}, until)["body"]

    def run(self):
        self.prepare()
        self.syncs()
        self.ids()
        self.not_found()
        self.values()
        self.framework()
        self.defaults()
        self.chat()
        self.deletions()
        self.corpus.ask(8, "any response", {"method": "GET", "path": f"{INDEXES}/{self.index}"})
        if limited := self.corpus.session.limited:
            line = {"question": 8, "step": "a 429", "request": None, "until": None, "unasked": True}
            self.corpus.lines.append({**line, "response": self.corpus.shown(limited, has_names=True)})

    def upload(self, question, step, name, text):
        form = {"unique_id": name, "file": ["upload_file", name, text]}
        return self.ask(question, step, "POST", f"{DIRECTORIES}/{self.directory}/files/upload", form=form)

    def prepare(self):
        name = self.corpus.session.run_name
        self.directory = self.ask(2, "create a directory", "POST", DIRECTORIES, json={"name": name})["id"]
        self.file = self.upload(2, "upload a file", "b.txt", TEXT)
        self.upload(10, "upload another file", "a.txt", "Pears only.")
        made = self.ask(2, "create an index", "POST", INDEXES, json={"source_directory_id": self.directory})
        self.index, self.export = made["id"], made["export_config_id"]

    def shown(self, question, step, until=None):
        return self.ask(question, step, "GET", f"{INDEXES}/{self.index}?expand=sync_in_progress", until)

    def wait(self, step):
        return self.shown(3, step, ["sync_in_progress", [False, None]])

    def syncs(self):
        path = f"{INDEXES}/{self.index}/sync"
        for step in ["sync right after a create", "sync again at once"]:
            self.ask(1, step, "POST", path, once=True)
        self.shown(3, "after its create")
        self.ask(1, "cancel while a sync runs", "POST", f"{path}/cancel", once=True)
        self.shown(3, "after a cancel")
        self.ask(1, "cancel while no sync runs", "POST", f"{path}/cancel", once=True)
        self.ask(1, "sync after a cancel", "POST", path, once=True)
        self.wait("after ready")
        self.ask(1, "sync when ready", "POST", path, once=True)
        self.shown(3, "during a second sync")
        self.wait("after a second sync")

    def ids(self):
        self.ask(2, "get by export_config_id", "GET", f"{INDEXES}/{self.export}")
        for name, index in [("id", self.index), ("export_config_id", self.export)]:
            fields = {"index_id": index, "query": "pears", "top_k": 1}
            self.ask(2, f"retrieve by {name}", "POST", f"{RETRIEVAL}/retrieve", json=fields)
        found = self.ask(10, "find", "POST", f"{RETRIEVAL}/files/find", json={"index_id": self.index})["items"]
        self.parsed = next((item["file_id"] for item in found if item["file_name"] == "b.txt"), "dfl-unknown")
        for name, file in [("parsed file", self.parsed), ("directory file", self.file["id"])]:
            fields = {"index_id": self.index, "file_id": file, "max_length": 5}
            self.ask(2, f"read by the id of the {name}", "POST", f"{RETRIEVAL}/files/read", json=fields)

    def not_found(self):
        for name, path in [
            ("an index", f"{INDEXES}/idx-unknown"),
            ("an index by the id of a directory", f"{INDEXES}/{self.directory}"),
            ("a directory", f"{DIRECTORIES}/dir-unknown"),
            ("a directory file", f"{DIRECTORIES}/{self.directory}/files/dfl-unknown"),
            ("a file", f"{FILES}/00000000-0000-4000-8000-000000000000"),
            ("a session", f"{CHAT}/ses-unknown"),
            ("a configuration", "/api/v1/beta/configurations/cfg-unknown"),
        ]:
            self.ask(4, name, "GET", path)

    def values(self):
        product = [{"product_type": "x", "product_config_id": "cfg-PARSE_FAST"}]
        for name, value in [("sync_frequency", "x"), ("store_attachments", ["x"]), ("products", product)]:
            self.ask(5, name, "POST", INDEXES, json={"source_directory_id": self.directory, name: value})
        for query in ["page_token=x", "page_size=0", "page_size=-1"]:
            self.ask(5, query, "GET", f"{INDEXES}?source_directory_id={self.directory}&{query}")
        grep = {"index_id": self.index, "file_id": self.parsed, "pattern": "("}
        self.ask(5, "a pattern", "POST", f"{RETRIEVAL}/files/grep", json=grep)

    def framework(self):
        path = f"{INDEXES}/{self.index}"
        self.ask(9, "no key", "GET", path, key="")
        self.ask(9, "a wrong key", "GET", path, key="llx-wrong")
        self.ask(9, "no content type", "POST", DIRECTORIES, text='{"name": 5}')
        self.ask(9, "an empty project_id", "GET", f"{path}?project_id=")

    def defaults(self):
        self.ask(10, "list files of a directory", "GET", f"{DIRECTORIES}/{self.directory}/files")
        grep = {"index_id": self.index, "file_id": self.parsed, "pattern": "apples"}
        self.ask(10, "matches on a page of grep", "POST", f"{RETRIEVAL}/files/grep", json=grep)
        for step, fields in [
            ("retrieve without top_k", {}),
            ("retrieve without reranking", {"rerank": {"enabled": False}}),
            ("a threshold of 0.5 with reranking", {"score_threshold": 0.5}),
            ("a threshold of 0.5 without reranking", {"score_threshold": 0.5, "rerank": {"enabled": False}}),
        ]:
            fields = {"index_id": self.index, "query": "apples of the year 2001", **fields}
            self.ask(10, step, "POST", f"{RETRIEVAL}/retrieve", json=fields)

    def chat(self):
        session = self.ask(7, "create a session", "POST", CHAT, json={})["session_id"]
        message = {"index_ids": [self.index], "prompt": "Apples of the year 2001"}
        self.ask(7, "send a message", "POST", f"{CHAT}/{session}/messages/stream", json=message)
        self.ask(7, "its history", "GET", f"{CHAT}/{session}")

    def deletions(self):
        self.upload(6, "the same unique id", "b.txt", "Other apples.")
        files = {"directory_file_ids": [self.file["id"], "dfl-unknown"]}
        self.ask(6, "a bulk delete", "POST", f"{DIRECTORIES}/{self.directory}/files/bulk-delete", json=files)
        name = self.corpus.session.run_name
        self.ask(6, "delete the directory", "DELETE", f"{DIRECTORIES}/{self.directory}")
        self.ask(6, "get it", "GET", f"{DIRECTORIES}/{self.directory}")
        self.ask(6, "list with include_deleted", "GET", f"{DIRECTORIES}?name={name}&include_deleted=true")
        self.ask(3, "sync without its directory", "POST", f"{INDEXES}/{self.index}/sync", once=True)
        self.wait("after a failure")


def summary(question, body):
    """What of a body answers a question."""
    if question == 3 and isinstance(body, dict):
        body = {name: body[name] for name in ("metadata", "sync_in_progress", "last_exported_at") if name in body}
    for name in ("results", "items"):
        if isinstance(body, dict) and name in body:
            scores = [[item["score"], item["rerank_score"]] for item in body[name] if "score" in item]
            body = {f"number of {name}": len(body[name])} | ({"scores": scores} if scores else {})
    return json.dumps(body, ensure_ascii=False)


def print_answers(lines):
    for number, question in QUESTIONS.items():
        print(f"\n{number}. {question}")
        answers = [line for line in lines if line["question"] == number]
        if not answers:
            raise SystemExit(f"question {number} has no answer")
        for line in answers:
            response = line["response"]
            shown = json.dumps(response["other_headers"]) if number == 8 else summary(number, response["body"])
            print(f"   {line['step']}: {response['status']} {shown if number == 7 else shown[:300]}")


def print_differences(earlier, later):
    lines, both = compared(earlier, later)
    if not both:
        raise SystemExit("no exchange was compared")
    print(*lines, f"{both} exchanges compared, {len(lines)} differences", sep="\n")
    return 2 if lines else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("act", choices=["record", "replay"])
    parser.add_argument("corpus")
    parser.add_argument("--pause", type=float, default=2, help="seconds between two looks at a sync")
    arguments = parser.parse_args()
    # So that what was created is deleted after SIGTERM too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    base = os.environ.get("LLAMA_CLOUD_BASE_URL") or "https://api.cloud.llamaindex.ai"
    key = os.environ.get("LLAMA_CLOUD_API_KEY") or parser.error("LLAMA_CLOUD_API_KEY is not set")
    with Session(base, key, arguments.pause) as session:
        corpus = Corpus(session)
        if arguments.act == "replay":
            earlier = read(arguments.corpus)
            corpus.replay(earlier)
            return print_differences(earlier, corpus.lines)
        try:
            Questions(corpus).run()
        finally:
            corpus.write(arguments.corpus)
    print_answers(corpus.lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
