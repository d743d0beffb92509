"""`./mfg screenshots`: serve a copy of the demo group and let tools/screenshots.py look."""

import importlib
import os
import sys

from .services import Services, logins


def run(workspace, out):
    """Take the pictures into the folder `out` and return the exit code."""
    demo = workspace.demo_database()
    sys.path.insert(0, str(workspace.checkout.root / "tools"))
    camera = importlib.import_module("screenshots")
    name = workspace.clone(demo, f"mfg_screens_{os.getpid()}", with_files=True)
    services = Services(workspace, name)
    try:
        services.start()
        passwords = {
            entry["login"]: entry["password"] for entry in logins(workspace.checkout)
        }
        return camera.main(services.url, workspace.checkout.root / out, passwords)
    finally:
        services.stop()
        workspace.drop(name)
