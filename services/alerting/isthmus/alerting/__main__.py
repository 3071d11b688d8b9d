"""Runs alerting: `python -m isthmus.alerting`."""

from isthmus.alerting.app import build
from isthmus.alerting.settings import Settings
from isthmus.runtime.settings import load

if __name__ == "__main__":
    build(load(Settings)).run()
