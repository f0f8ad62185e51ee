import pytest

pytest.importorskip("streamlit", reason="the extra `app` is not installed")

from weighbridge.app.shown import md


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("price < 5", "price < 5"),
        ("forecast_units > 1000", "forecast_units > 1000"),
        ("listing_gate/pork: 50 %", "listing_gate/pork: 50 %"),
        ("<b>x</b>", "\\<b>x\\</b>"),
        ("![x](http://evil.example/a.png)", "!\\[x\\](http\\://evil.example/a.png)"),
        (":red[alarm] :material/home:", "\\:red\\[alarm\\] \\:material/home:"),
        ("*a* _b_ `c` $d$ ~e~", "\\*a\\* \\_b\\_ \\`c\\` \\$d\\$ \\~e\\~"),
        ("# title", "\\# title"),
        ("1. first", "1\\. first"),
        ("- item\n# not a title", "\\- item # not a title"),
        ("&lt;script&gt;", "\\&lt;script\\&gt;"),
    ],
)
def test_markdown_in_texts_means_nothing(text: str, escaped: str) -> None:
    assert md(text) == escaped
