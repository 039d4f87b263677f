"""Uploads the files of a folder into a new directory, four at a time, so that each is there exactly once in the end.

Usage: python examples/ingest.py FOLDER

An upload whose response was lost may be there all the same. So no upload is retried blindly: the directory is listed
after each round, what is missing is uploaded again, and what is there twice is deleted. Try it with faults:

    llamacloud-mock exec --clock auto --fault 'directories.files.upload@after reset nth=3' \
        --check-expect 'state directory_files count=20' -- python examples/ingest.py FOLDER
"""

import sys
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from llama_cloud import APIConnectionError, APIStatusError, LlamaCloud

ROUNDS = 4


def is_transient(error):
    """Whether another try can help: nobody answered, or the service is busy or broken."""
    return not isinstance(error, APIStatusError) or error.status_code in (408, 429) or error.status_code >= 500


def upload(client, directory, path):
    """Uploads a file once. Whether that worked is seen in the directory, not in the response."""
    try:
        client.with_options(max_retries=0).beta.directories.files.upload(directory, upload_file=path)
    except (APIConnectionError, APIStatusError, ValueError) as error:
        if not is_transient(error):
            raise
        print(f"{path.name}: {error!r}", file=sys.stderr)
        wait(error)


def wait(error):
    """Waits as long as a refusal asks for."""
    headers = error.response.headers if isinstance(error, APIStatusError) else {}
    time.sleep(float(headers.get("retry-after-ms", 0)) / 1000 or float(headers.get("retry-after", 0)))


def uploaded(client, directory):
    """The ids of the files in the directory, by name."""
    ids = defaultdict(list)
    for file in client.beta.directories.files.list(directory):
        ids[file.display_name].append(file.id)
    return ids


def ingest(client, paths):
    """Uploads the files; returns the names of those that are missing after the last round."""
    directory = client.beta.directories.create(name="ingest").id
    for _ in range(ROUNDS):
        missing = [path for path in paths if path.name not in uploaded(client, directory)]
        if not missing:
            break
        with ThreadPoolExecutor(max_workers=4) as pool:
            list(pool.map(lambda path: upload(client, directory, path), missing))
    there = uploaded(client, directory)
    for doubled in there.values():
        for extra in doubled[1:]:
            client.beta.directories.files.delete(extra, directory_id=directory)
    return [path.name for path in paths if path.name not in there]


def main():
    paths = sorted(path for path in Path(sys.argv[1]).iterdir() if path.is_file())
    missing = ingest(LlamaCloud(timeout=5), paths)
    if missing:
        sys.exit(f"missing after {ROUNDS} rounds: {', '.join(missing)}")


if __name__ == "__main__":
    main()
