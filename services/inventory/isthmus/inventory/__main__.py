"""Starts the inventory service."""

from isthmus.inventory.app import build
from isthmus.inventory.settings import Settings
from isthmus.runtime.settings import load

if __name__ == "__main__":
    build(load(Settings)).run()
