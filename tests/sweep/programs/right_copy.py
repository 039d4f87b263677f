"""Right: a download that was cut off is repeated."""
# alarms: none

from client import DIRECTORIES, content_path, create, repeated, send, upload

original = upload(create(DIRECTORIES, "source"), "a.md", b"# A\n" * 20)
content = repeated(lambda: send("GET", content_path(original)))
upload(create(DIRECTORIES, "copy"), "a.md", content)
