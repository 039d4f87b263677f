"""Checks that a bill of materials is valid CycloneDX, and lists what is in the program and nothing that is not.

Usage: valid_sbom.py FILE PROGRAM; needs cyclonedx-python-lib[json-validation].
"""

import json
import re
import sys
import tomllib
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from license_expression import get_spdx_licensing

ROOT = Path(__file__).resolve().parents[2]

#: The program has the paths of source files in the messages of its panics.
SOURCE = re.compile(rb"/registry/src/[^/]+/([^/]+)/")


def main(file: Path, program: Path) -> None:
    text = file.read_text(encoding="utf-8")
    error = JsonStrictValidator(SchemaVersion.V1_5).validate_str(text)
    assert error is None, error
    components = json.loads(text)["components"]
    for component in components:
        for license_ in component["licenses"]:
            problems = get_spdx_licensing().validate(license_["expression"]).errors
            assert not problems, f"{component['name']}: {problems}"
    in_program = {crate.decode() for crate in SOURCE.findall(program.read_bytes())}
    assert in_program, f"{program}: names no crates"
    missing = in_program - {f"{component['name']}-{component['version']}" for component in components}
    assert not missing, f"not listed, but in the program: {missing}"
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    others = {"serde_derive", "cc", *manifest["dev-dependencies"]} - set(manifest["dependencies"])
    listed = others & {component["name"] for component in components}
    assert not listed, f"listed, but not in the program: {listed}"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
