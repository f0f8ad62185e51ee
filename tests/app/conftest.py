import os
from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason="the extra `app` is not installed")

from app_pages import ROOT, SCREENS, OpenPage
from streamlit.testing.v1 import AppTest

CHEAP = """  - id: cheap
    title: {en: Too cheap, zh: 价格过低}
    when: price < 5 # the least that pays for the parcel
    then: {verdict: review}
    reason: {en: "{price:2} does not pay for the parcel", zh: "{price:2} 不足以支付包裹费用"}
"""
"""A rule with a number in it, for the starter project."""


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> OpenPage:
    """Opens a page of the app on a project, as the person at this machine."""
    monkeypatch.setenv("STREAMLIT_SERVER_ADDRESS", "127.0.0.1")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def open_it(name: str, project: Path, *, lang: str = "en", person: str = "anna", **query: str) -> AppTest:
        os.environ["WEIGHBRIDGE_PROJECT"] = str(project)
        os.environ["WEIGHBRIDGE_PERSON"] = person
        test = AppTest.from_file(str(ROOT / "app_streamlit.py"), default_timeout=60)
        test.switch_page(str(SCREENS / f"{name}.py"))
        for key, value in {"lang": lang, **query}.items():
            test.query_params[key] = value
        return test.run()

    monkeypatch.setenv("WEIGHBRIDGE_PROJECT", "")
    monkeypatch.setenv("WEIGHBRIDGE_PERSON", "")
    return open_it


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The small starter project."""
    from weighbridge.starter import write_starter

    write_starter(tmp_path / "shop")
    with (tmp_path / "shop/rulesets/listing_gate.yaml").open("a") as rules:
        rules.write(CHEAP)
    return tmp_path / "shop"
