"""The web app: pages over the package's own functions. It holds no rule logic; `shell.show` runs it.

Needs the extra `app` (`pip install weighbridge[app]`).
"""
