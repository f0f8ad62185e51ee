import json
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "engine/weighbridge/app/codemirror"


def test_the_lock_file_names_no_address() -> None:
    lock = (FOLDER / "package-lock.json").read_text()
    assert "http" not in lock
    assert "resolved" not in lock
    packages = json.loads(lock)["packages"]
    assert all("integrity" in package for name, package in packages.items() if name)


def test_every_direct_package_has_one_exact_version() -> None:
    manifest = json.loads((FOLDER / "package.json").read_text())
    versions = [*manifest["dependencies"].values(), *manifest["devDependencies"].values()]
    assert all(version[0].isdigit() for version in versions)


def test_the_bundle_asks_nobody_for_anything() -> None:
    bundle = (FOLDER / "bundle.js").read_text()
    for call in ("fetch(", "XMLHttpRequest", "WebSocket", "importScripts", "eval(", "new Function"):
        assert call not in bundle, call


def test_a_rebuild_gives_the_same_bytes(tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no Node: the editor cannot be built again")
    for name in ("package.json", "package-lock.json", "editor.js", ".npmrc"):
        shutil.copy(FOLDER / name, tmp_path / name)
    installed = subprocess.run([npm, "ci"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    if installed.returncode != 0 and "network" in installed.stderr.lower() + installed.stdout.lower():
        pytest.skip("no packages from npm: the editor cannot be built again")
    assert installed.returncode == 0, installed.stderr
    built = subprocess.run([npm, "run", "build"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "bundle.js").read_bytes() == (FOLDER / "bundle.js").read_bytes()
