"""The MongoDB protocol on WiredTiger: secantusdb, as a process of its own (it is GPL-2.0)."""

import sys
from pathlib import Path


def command(folder: Path, port: int) -> list[str]:
    """The command that runs the store in the foreground on loopback."""
    folder.mkdir(parents=True, exist_ok=True)
    server = Path(sys.executable).with_name("secantusd-py")
    return [str(server), "--port", str(port), "--storage-path", str(folder)]


def uri(port: int) -> str:
    """Its connection string."""
    return f"mongodb://127.0.0.1:{port}"
