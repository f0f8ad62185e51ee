"""Starting the web app: `weighbridge app`. On this machine only, unless sign-in by OIDC is set up."""

from __future__ import annotations

import gc
import ipaddress
import os
import sys
import tomllib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from weighbridge.diagnostics import Diagnostic, DiagnosticError

ENTRY = Path(__file__).with_name("entry.py")

OPTIONS: Mapping[str, str] = {
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": "false",
    "client.showErrorDetails": "none",
    "client.toolbarMode": "viewer",
    "runner.magicEnabled": "false",
    "runner.postScriptGC": "false",
    "server.maxUploadSize": "2000",
    "theme.light.backgroundColor": "#ffffff",
    "theme.dark.backgroundColor": "#171614",
    "theme.light.primaryColor": "#2f6fc4",
    "theme.dark.primaryColor": "#5b9bea",
    "theme.baseRadius": "small",
    "theme.baseFontSize": "14",
}
"""Streamlit's options, whatever a configuration file says: details of errors stay on the server.

`postScriptGC` would look through all rules and records in memory after every run: 0.3 s with 2,000 rules.
"""


SWITCH = 0.001
"""Seconds after which a thread that computes lets others run; Python's own 0.005 is what a page would wait again and
again, at every look at a file, while a feed is decided or a program is made beside it."""

SEARCHES = (2_000, 20, 10)
"""How often Python searches for unreachable rings; by its own measure it would after every few changes."""


class AppError(DiagnosticError):
    """The app cannot be started."""


def serve(project: Path, *, address: str, port: int, person: str | None, browser: bool) -> None:
    """Runs the server until it is stopped. Raises `AppError`."""
    if find_spec("streamlit") is None:
        raise AppError(
            [Diagnostic("WB695", "the web app is not installed", expected="pip install 'weighbridge[app]'")]
        )
    check_address(address, secrets_files(Path.cwd()))
    os.environ["WEIGHBRIDGE_PROJECT"] = str(project.resolve())
    if person is not None:
        os.environ["WEIGHBRIDGE_PERSON"] = person
    from streamlit.web import cli

    sys.setswitchinterval(SWITCH)
    gc.set_threshold(*SEARCHES)
    options = {**OPTIONS, "server.address": address, "server.port": str(port)}
    options["server.headless"] = "false" if browser else "true"
    cli.main(["run", str(ENTRY), *(f"--{name}={value}" for name, value in options.items())])


def secrets_files(folder: Path) -> tuple[Path, ...]:
    """Where Streamlit looks for secrets, for a server started in a folder."""
    return (Path.home() / ".streamlit" / "secrets.toml", folder / ".streamlit" / "secrets.toml")


def check_address(address: str, files: tuple[Path, ...]) -> None:
    """Refuses an address that others reach while nobody has to sign in. Raises `AppError`."""
    if is_loopback(address) or any(_has_oidc(path) for path in files):
        return
    message = f"the address {address} is reachable by others, but sign-in is not set up"
    expected = "127.0.0.1, or [auth] and [weighbridge.roles] in .streamlit/secrets.toml"
    raise AppError([Diagnostic("WB696", message, expected=expected)])


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _has_oidc(path: Path) -> bool:
    try:
        return isinstance(tomllib.loads(path.read_text(encoding="utf-8")).get("auth"), dict)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False
