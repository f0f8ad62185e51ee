"""The entry of the web app: `make app`, or `weighbridge app`."""

from weighbridge.app.shell import show

show()
