"""Bug: the first page is taken for the whole list if the token of the second has expired."""
# options: --faults expired-page,stale-read
# alarms: wrong directories.list expired-page once

from client import DIRECTORIES, Refused, call, create, delete

for number in range(4):
    create(DIRECTORIES, f"old-{number}")
found, token = [], ""
while token is not None:
    try:
        page = call("GET", f"{DIRECTORIES}?page_size=2{token}")
    except Refused:
        break
    found += page["items"]
    token = "&page_token=" + page["next_page_token"] if page["next_page_token"] else None
for item in found:
    delete(f"{DIRECTORIES}/{item['id']}")
