"""Keeps schemathesis from taking a pattern for valid that is no regular expression: the schema says only that it is
a text."""

import re

import schemathesis


@schemathesis.hook
def filter_body(context, body):
    pattern = body.get("pattern") if isinstance(body, dict) else None
    try:
        re.compile(pattern if isinstance(pattern, str) else "")
    except (re.error, OverflowError, RecursionError):
        return False
    return True
