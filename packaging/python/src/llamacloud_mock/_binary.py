"""Finds the program `llamacloud-mock` that was installed with this package."""

from __future__ import annotations

import errno
import os
import sys
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from ._errors import EmulatorError

#: Names another program than the one of this package.
VARIABLE = "LLAMACLOUD_MOCK_BINARY"

NAME = "llamacloud-mock.exe" if os.name == "nt" else "llamacloud-mock"


def find_binary() -> Path:
    """The program: `LLAMACLOUD_MOCK_BINARY`, or the one that was installed with this package."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        if Path(chosen).is_file():
            return Path(chosen).absolute()
        raise EmulatorError(f"{VARIABLE}={chosen}: is not a file; name the program, or unset the variable")
    places = list(dict.fromkeys(_places()))
    for place in places:
        if place.is_file():
            return place
    listed = ", ".join(str(place) for place in places)
    raise EmulatorError(
        f"the program {NAME} is missing (looked for {listed}); "
        f"install it again with `pip install --force-reinstall llamacloud-mock`, or set {VARIABLE}"
    )


def _places() -> Iterator[Path]:
    """Where pip puts the scripts of a package."""
    try:
        recorded = metadata.files("llamacloud-mock") or []
    except metadata.PackageNotFoundError:
        recorded = []
    for file in recorded:
        if file.name == NAME:
            yield Path(os.path.abspath(str(file.locate())))
    # `pip install --target FOLDER` moves the scripts to FOLDER/bin, and does not say so in its records.
    yield Path(__file__).resolve().parents[1] / "bin" / NAME
    yield Path(sysconfig.get_path("scripts")) / NAME


def explain(binary: str, error: OSError) -> str:
    """Why `binary` does not start, and what to do."""
    # Without its dynamic loader a program is reported as missing.
    if error.errno in (errno.ENOEXEC, errno.ENOENT) or getattr(error, "winerror", None) == 193:
        return (
            f"{binary} is no program for this machine ({sysconfig.get_platform()}); "
            f"install llamacloud-mock on this machine instead of copying it from another one, or set {VARIABLE}"
        )
    if isinstance(error, PermissionError):
        return (
            f"{binary} may not be executed by this user: {error.strerror}; "
            f"check its mode and whether its file system is mounted with noexec, or set {VARIABLE} to a copy elsewhere"
        )
    return f"{binary} does not start: {error.strerror or error} (Python {sys.version.split()[0]})"
