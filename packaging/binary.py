"""Tells from the header of a program file for which platform it is. The packages for pip and npm are named after it.

Usage: python3 packaging/binary.py FILE… prints the target of each, and exits with 1 if one cannot be packed.
"""

from __future__ import annotations

import os
import platform
import struct
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


class Refused(Exception):
    """The file cannot be packed; the message says why and what to do."""


@dataclass(frozen=True)
class Platform:
    """A platform, in the words of each ecosystem."""

    #: What the program is built for, in the words of Rust.
    target: str
    #: The platform tag of the wheel.
    wheel: str
    #: The tag of a wheel that only this machine's kind of Linux takes, because its program needs a libc.
    local_wheel: str
    #: `os` and `cpu` of the npm package.
    npm_os: str
    npm_cpu: str

    @property
    def npm_package(self) -> str:
        return f"llamacloud-mock-{self.npm_os}-{self.npm_cpu}"

    @property
    def file_name(self) -> str:
        return "llamacloud-mock.exe" if self.npm_os == "win32" else "llamacloud-mock"

    def is_this_machine(self) -> bool:
        system = {"linux": "linux", "darwin": "darwin", "win32": "win32"}.get(sys.platform)
        machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine().lower())
        return (system, machine) == (self.npm_os, self.npm_cpu)


# A static program needs no libc, so that one wheel is for glibc and musl alike.
LINUX = {
    62: Platform("x86_64-unknown-linux-musl", "manylinux_2_17_x86_64.musllinux_1_1_x86_64", "linux_x86_64", "linux", "x64"),
    183: Platform(
        "aarch64-unknown-linux-musl", "manylinux_2_17_aarch64.musllinux_1_1_aarch64", "linux_aarch64", "linux", "arm64"
    ),
}
# The versions of macOS are the oldest for which rustc builds by default.
MACOS = {
    0x01000007: Platform("x86_64-apple-darwin", "macosx_10_12_x86_64", "macosx_10_12_x86_64", "darwin", "x64"),
    0x0100000C: Platform("aarch64-apple-darwin", "macosx_11_0_arm64", "macosx_11_0_arm64", "darwin", "arm64"),
}
WINDOWS = {
    0x8664: Platform("x86_64-pc-windows", "win_amd64", "win_amd64", "win32", "x64"),
    0xAA64: Platform("aarch64-pc-windows", "win_arm64", "win_arm64", "win32", "arm64"),
}

PROGRAM_HEADER_INTERPRETER = 3

#: If this variable is set, a Linux program that needs a libc is packed too, for this machine only.
ALLOW_DYNAMIC = "PACKAGING_ALLOW_DYNAMIC"


def manifest() -> dict[str, Any]:
    """The `[package]` of Cargo.toml: the one place of version, licence and addresses."""
    with (ROOT / "Cargo.toml").open("rb") as file:
        package: dict[str, Any] = tomllib.load(file)["package"]
    return package


def is_dynamic(path: Path) -> bool:
    """Whether `path` is a Linux program that needs a libc."""
    data = path.read_bytes()
    return data[:4] == b"\x7fELF" and PROGRAM_HEADER_INTERPRETER in _program_headers(data)


def inspect(path: Path, *, allow_dynamic: bool = False) -> Platform:
    """The platform of the program `path`. Refuses a Linux program that needs a libc, unless `allow_dynamic`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}; name a built program") from error
    try:
        found = _elf(path, data, allow_dynamic) or _mach_o(path, data) or _pe(data)
    except (struct.error, IndexError) as error:
        raise Refused(f"{path}: is cut off; build it again") from error
    if found is None:
        raise Refused(f"{path}: is no program for 64-bit Linux, macOS or Windows on x86-64 or ARM")
    _check_version(path, found)
    return found


def _elf(path: Path, data: bytes, allow_dynamic: bool) -> Platform | None:
    if data[:6] != b"\x7fELF\x02\x01":
        return None
    found = LINUX.get(struct.unpack_from("<H", data, 18)[0])
    if found and PROGRAM_HEADER_INTERPRETER in _program_headers(data) and not allow_dynamic:
        raise Refused(
            f"{path}: is linked to the libc of the machine that built it, and would not start on others; "
            f"build it with `cargo build --profile dist --target {found.target}`, "
            f"or set {ALLOW_DYNAMIC}=true to make a package for this machine"
        )
    return found


def _program_headers(data: bytes) -> list[int]:
    """The types of the program headers."""
    offset = struct.unpack_from("<Q", data, 32)[0]
    size, count = struct.unpack_from("<HH", data, 54)
    return [struct.unpack_from("<I", data, offset + size * number)[0] for number in range(count)]


def _mach_o(path: Path, data: bytes) -> Platform | None:
    if data[:4] == b"\xca\xfe\xba\xbe":
        raise Refused(f"{path}: is a universal program; build one for each architecture")
    if data[:4] != b"\xcf\xfa\xed\xfe":
        return None
    return MACOS.get(struct.unpack_from("<I", data, 4)[0])


def _pe(data: bytes) -> Platform | None:
    if data[:2] != b"MZ":
        return None
    header = struct.unpack_from("<I", data, 0x3C)[0]
    if data[header : header + 4] != b"PE\0\0":
        return None
    return WINDOWS.get(struct.unpack_from("<H", data, header + 4)[0])


def _check_version(path: Path, found: Platform) -> None:
    """Refuses a program of another version than Cargo.toml, if it can be started here."""
    if not found.is_this_machine() or not os.access(path, os.X_OK):
        return
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LLAMACLOUD_MOCK_")}
    try:
        done = subprocess.run(
            [path.resolve(), "--version"], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
    except OSError as error:
        raise Refused(f"{path}: does not start here: {error.strerror}") from error
    version = manifest()["version"]
    first = done.stdout.partition("\n")[0]
    if first.split()[:2] != ["llamacloud-mock", version]:
        raise Refused(f"{path}: says `{first}`, Cargo.toml says {version}; build it again")


def main(names: list[str]) -> int:
    for name in names:
        try:
            print(inspect(Path(name), allow_dynamic=ALLOW_DYNAMIC in os.environ).target)
        except Refused as refused:
            print(f"packaging: {refused}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
