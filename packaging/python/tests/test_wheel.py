"""The wheel: its content, and the programs that are refused."""

import os
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import LIMIT, PROGRAM, ROOT, WHEEL, without_settings

sys.path.insert(0, str(ROOT / "packaging"))

from binary import ALLOW_DYNAMIC, Refused, inspect, is_dynamic, manifest



def elf(path: Path, machine: int, header: int) -> Path:
    """Writes the head of a program for Linux with one program header."""
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, machine, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    path.write_bytes(head + struct.pack("<I", header) + bytes(52))
    return path


def test_the_wheel_holds_the_program_and_the_types():
    with zipfile.ZipFile(WHEEL) as wheel:
        names = set(wheel.namelist())
        info = f"llamacloud_mock-{manifest()['version']}.dist-info"
        [script] = [name for name in names if ".data/scripts/" in name]
        assert wheel.read(script) == PROGRAM.read_bytes()
        assert wheel.getinfo(script).external_attr >> 16 & 0o777 == 0o755
        assert {"llamacloud_mock/py.typed", "llamacloud_mock/LICENSE", f"{info}/entry_points.txt"} <= names
        metadata = wheel.read(f"{info}/METADATA").decode()
    assert f"\nVersion: {manifest()['version']}\n" in metadata
    assert "Requires-Dist" not in metadata
    # The page of the documentation, with links that lead to the repository.
    assert "\n# llamacloud-mock\n" in metadata and f"]({manifest()['repository']}/blob/v" in metadata
    assert "](../" not in metadata


def test_the_tag_of_a_static_program_is_for_every_linux():
    if is_dynamic(PROGRAM):
        pytest.skip("the program to pack needs a libc")
    for tag in ("manylinux_2_17_x86_64", "musllinux_1_1_x86_64"):
        assert tag in WHEEL


@pytest.mark.parametrize(
    ("machine", "target"), [(62, "x86_64-unknown-linux-musl"), (183, "aarch64-unknown-linux-musl")]
)
def test_a_program_that_needs_a_libc_is_refused(machine, target, tmp_path):
    path = elf(tmp_path / "program", machine, header=3)
    with pytest.raises(Refused, match=f"linked to the libc .* --target {target}"):
        inspect(path)
    assert inspect(elf(path, machine, header=1)).target == target


@pytest.mark.parametrize(
    ("content", "target"),
    [
        (struct.pack("<II", 0xFEEDFACF, 0x0100000C), "aarch64-apple-darwin"),
        (struct.pack("<II", 0xFEEDFACF, 0x01000007), "x86_64-apple-darwin"),
        (b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<H", 0x8664), "x86_64-pc-windows"),
    ],
)
def test_other_platforms_are_recognised(content, target, tmp_path):
    path = tmp_path / "program"
    path.write_bytes(content)
    assert inspect(path).target == target


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no program"),
        (b"#!/bin/sh\n", "is no program"),
        (b"\x7fELF\x02\x01", "is cut off"),
        (b"\xca\xfe\xba\xbe" + bytes(8), "one for each architecture"),
        (struct.pack("<II", 0xFEEDFACF, 7), "is no program"),
    ],
)
def test_other_files_are_refused(content, message, tmp_path):
    path = tmp_path / "program"
    path.write_bytes(content)
    with pytest.raises(Refused, match=message):
        inspect(path)
    with pytest.raises(Refused, match="name a built program"):
        inspect(tmp_path / "missing")


def test_a_program_of_another_version_is_refused(tmp_path):
    other = tmp_path / "program"
    shutil.copy(sys.executable, other)
    with pytest.raises(Refused, match=r"says `.*`, Cargo\.toml says|does not start"):
        inspect(other, allow_dynamic=True)


def build(target: str, out: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Builds with hatchling alone, as pip does it."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)]
    environment = {**without_settings(), **variables}
    folder = ROOT / "packaging" / "python"
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
    )


def test_a_build_without_a_program_or_for_another_platform_is_refused(tmp_path):
    foreign = elf(tmp_path / "program", 183, header=1)
    for variables, message in [
        ({}, "LLAMACLOUD_MOCK_BINARY: is not set"),
        ({"LLAMACLOUD_MOCK_BINARY": str(tmp_path / "missing")}, "name a built program"),
        (
            {"LLAMACLOUD_MOCK_BINARY": str(foreign), "PACKAGING_WHEEL_PLATFORM": "macosx_11_0_arm64"},
            "is for aarch64-unknown-linux-musl, and its tag is manylinux_2_17_aarch64",
        ),
    ]:
        done = build("wheel", tmp_path / "out", **variables)
        assert done.returncode != 0
        assert message in done.stderr, done.stderr
    assert not list(tmp_path.glob("out/*"))
    done = build("wheel", tmp_path / "out", LLAMACLOUD_MOCK_BINARY=str(foreign))
    assert done.returncode == 0, done.stderr
    assert [wheel.name.rsplit("-", 1)[1] for wheel in tmp_path.glob("out/*")] == [
        "manylinux_2_17_aarch64.musllinux_1_1_aarch64.whl"
    ]


def test_a_source_distribution_is_refused(tmp_path):
    done = build("sdist", tmp_path, LLAMACLOUD_MOCK_BINARY=str(PROGRAM), **{ALLOW_DYNAMIC: "true"})
    assert done.returncode != 0
    assert "wheels only" in done.stderr


def test_the_script_that_builds_refuses_in_one_line(tmp_path):
    script = ROOT / "packaging" / "python" / "build"
    path = elf(tmp_path / "program", 62, header=3)
    environment = {**without_settings(), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [str(script), str(tmp_path / "out"), str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 1
    assert (done.stdout, done.stderr.count("\n")) == ("", 1), done.stderr
