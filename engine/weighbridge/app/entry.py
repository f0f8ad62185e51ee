"""The script that Streamlit runs for `weighbridge app`."""

from weighbridge.app.shell import show

show()
