"""Puts an existing program into the wheel, with version and addresses from Cargo.toml and the README from the documentation."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from binary import ALLOW_DYNAMIC, ROOT, Refused, inspect, is_dynamic, manifest  # noqa: E402
from package_readme import package_readme  # noqa: E402

#: Names the program to pack.
BINARY = "LLAMACLOUD_MOCK_BINARY"
#: The platform tag that the wheel must get; without it, that of the program.
PLATFORM = "PACKAGING_WHEEL_PLATFORM"


class CargoMetadata(MetadataHookInterface):
    """The metadata that Cargo.toml and the documentation have already."""

    def update(self, metadata: dict[str, Any]) -> None:
        package = manifest()
        metadata["version"] = package["version"]
        metadata["readme"] = {"content-type": "text/markdown", "text": package_readme("docs/testing/python.md")}
        metadata["urls"] = {"Repository": package["repository"]} if "repository" in package else {}


class PackedBinary(BuildHookInterface):  # type: ignore[type-arg]
    """The program as a script of the wheel, and the platform tag that fits it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel":
            raise Refused("this package has wheels only: the program is built by cargo")
        name = os.environ.get(BINARY)
        if not name:
            raise Refused(f"{BINARY}: is not set; it names the program to pack, such as target/dist/llamacloud-mock")
        path = Path(os.path.abspath(name))
        found = inspect(path, allow_dynamic=ALLOW_DYNAMIC in os.environ)
        tag = found.local_wheel if is_dynamic(path) else found.wheel
        if os.environ.get(PLATFORM, tag) != tag:
            raise Refused(f"{PLATFORM}={os.environ[PLATFORM]}: {path} is for {found.target}, and its tag is {tag}")
        build_data["tag"] = f"py3-none-{tag}"
        build_data["pure_python"] = False
        build_data["shared_scripts"] = {str(path): found.file_name}
        build_data["force_include"][str(ROOT / "LICENSE")] = "llamacloud_mock/LICENSE"
