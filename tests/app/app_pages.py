"""Opening a page of the app in a test."""

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]
SCREENS = ROOT / "engine/weighbridge/app/screens"

OpenPage = Callable[..., AppTest]
