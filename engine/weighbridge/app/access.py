"""Who may do what: everybody at the machine itself; on a network only people who signed in and have a role.

Roles stand in Streamlit's secrets file beside the OIDC settings (`[auth]`), out of reach of the app's editors:

    [weighbridge.roles]
    approver = ["chen@example.com"]
    editor = ["anna@example.com", "*@merch.example.com"]
    viewer = ["*@example.com"]
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from fnmatch import fnmatchcase
from typing import Any, Literal

import streamlit as st

from weighbridge.app.serving import is_loopback

PERSON = "WEIGHBRIDGE_PERSON"
"""Environment variable: the name under which drafts are kept on a machine without sign-in."""

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class Role(IntEnum):
    """What a person may do; each may also do what those before it may."""

    viewer = 1
    """Look and try."""
    editor = 2
    """Change a draft."""
    approver = 3
    """Save a draft to the project."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who is at the other end. `id` names their drafts."""

    id: str
    name: str
    role: Role
    signed_in: bool

    @property
    def may_edit(self) -> bool:
        """Whether they may change a draft."""
        return self.role >= Role.editor

    @property
    def may_save(self) -> bool:
        """Whether they may save a draft."""
        return self.role >= Role.approver


Refusal = Literal["network", "no_role", "sign_in"]
"""Why nobody is let in: reachable by others without OIDC; signed in without a role; not signed in yet."""


def is_local(address: str | None, headers: Mapping[str, str]) -> bool:
    """Whether the server listens to this machine alone and the request did not come through a proxy."""
    if address is None or not is_loopback(address):
        return False
    named = {name.lower(): value for name, value in headers.items()}
    if any(name in named for name in FORWARDED):
        return False
    return is_loopback(_host_of(named.get("host", "localhost")))


def _host_of(header: str) -> str:
    """The host of a Host header, without its port."""
    if header.startswith("["):
        return header[1:].split("]")[0]
    return header.rsplit(":", 1)[0]


def role_of(email: str, roles: Mapping[str, Any]) -> Role | None:
    """The highest role whose patterns name the address; None where none does."""
    held = [role for role in Role if any(_names(p, email) for p in _patterns(roles.get(role.name)))]
    return max(held, default=None)


def _patterns(written: object) -> Sequence[str]:
    if isinstance(written, str):
        return [written]
    return [p for p in written if isinstance(p, str)] if isinstance(written, Sequence) else []


def _names(pattern: str, email: str) -> bool:
    return fnmatchcase(email.casefold(), pattern.casefold())


def person(
    local: bool, user: Mapping[str, Any], has_oidc: bool, roles: Mapping[str, Any]
) -> Person | Refusal:
    """Who uses the app, or why nobody may. `user` are the claims of the signed-in person."""
    if not has_oidc:
        return _at_this_machine() if local else "network"
    if not user.get("is_logged_in"):
        return "sign_in"
    email = user.get("email")
    if not isinstance(email, str) or user.get("email_verified") is False:
        return "no_role"
    role = role_of(email, roles)
    return "no_role" if role is None else Person(email.casefold(), str(user.get("name") or email), role, True)


def _at_this_machine() -> Person:
    try:
        name = os.environ.get(PERSON) or getpass.getuser()
    except (KeyError, OSError):  # no such variable and no entry in the list of users
        name = "me"
    return Person(name, name, Role.approver, False)


def present() -> Person | Refusal:
    """Who is at the other end of this session."""
    secrets = _secrets()
    settings = secrets.get("weighbridge", {})
    roles = settings.get("roles", {}) if isinstance(settings, Mapping) else {}
    local = is_local(st.get_option("server.address"), dict(st.context.headers))
    has_oidc = isinstance(secrets.get("auth"), Mapping)
    return person(
        local, dict(st.user) if has_oidc else {}, has_oidc, roles if isinstance(roles, Mapping) else {}
    )


def _secrets() -> Mapping[str, Any]:
    from streamlit.errors import StreamlitSecretNotFoundError

    try:
        return st.secrets.to_dict()
    except (StreamlitSecretNotFoundError, FileNotFoundError):
        return {}
