"""Runs the collector: `python -m isthmus.collector`."""

from isthmus.collector.app import build
from isthmus.collector.settings import Settings
from isthmus.runtime.settings import load

if __name__ == "__main__":
    build(load(Settings)).run()
