"""Masks: what reports show in place of personal data.

A value becomes `***`. A record's key that is personal becomes a name that tells nothing and stays the same, so
that the findings of one person can be told to belong together: HMAC-SHA256 of the key under a secret. A plain
hash would not do: e-mail addresses and customer numbers can be guessed and hashed until one fits.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from functools import lru_cache

from weighbridge.diagnostics import Diagnostic, ProjectError

MASK = "***"
"""What stands for a personal value, whatever its type and length."""

VARIABLE = "WEIGHBRIDGE_MASK_KEY"
"""Environment variable with the secret under which personal keys are masked."""

SHORTEST = 16
"""Characters a secret must have; a shorter one could be guessed."""

DIGITS = 16
"""Hex digits of a masked key: 64 bits. Of a million records, none in 40 million runs share one."""


@dataclass(frozen=True, slots=True)
class Masks:
    """Masks personal keys under one secret. `lasting`: the secret outlives the run."""

    secret: bytes = field(repr=False)
    lasting: bool

    def key(self, key: str) -> str:
        """The name that stands for a record's key in reports."""
        return f"masked-{self.digest(key)[:DIGITS]}"

    def digest(self, text: str) -> str:
        """Hex digest of a text that nobody without the secret can check a guess against."""
        return hmac.new(self.secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def masks() -> Masks:
    """The masks of this process: under the secret of the environment, else under one made for this run.

    Raises `ProjectError` where the environment's secret is too short.
    """
    given = os.environ.get(VARIABLE)
    if given is None:
        return Masks(_made_for_this_run(), False)
    if len(given) < SHORTEST:
        message = f"the secret in {VARIABLE} has {len(given)} characters"
        raise ProjectError([Diagnostic("WB354", message, expected=f"at least {SHORTEST} characters")])
    return Masks(given.encode("utf-8", "surrogatepass"), True)


@lru_cache(maxsize=1)
def _made_for_this_run() -> bytes:
    return secrets.token_bytes(32)
