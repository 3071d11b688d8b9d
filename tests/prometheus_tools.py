"""Prometheus, promtool and Alertmanager for tests: those on the machine, else Debian's.

Debian's packages are downloaded through apt, which checks their signatures, and unpacked below
`build/` without root; nothing is installed. `python -m tests.prometheus_tools` fetches them now.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from isthmus.demo import ready
from isthmus.demo.kafka import free_port
from isthmus.demo.process import Process

CACHE = Path(__file__).parent.parent / "build" / "prometheus"
# Debian's package of each tool, and its name there where it is another one.
TOOLS = {
    "prometheus": ("prometheus", "prometheus"),
    "promtool": ("prometheus", "promtool"),
    "alertmanager": ("prometheus-alertmanager", "prometheus-alertmanager"),
    "amtool": ("prometheus-alertmanager", "amtool"),
}
TIMEOUT_S = 120
# Where Debian's Alertmanager looks for its templates; ours looks where it is started.
TEMPLATES = b"/usr/share/prometheus/alertmanager"
HERE = b"./" * (len(TEMPLATES) // 2)


class Missing(Exception):
    """A tool is neither here nor to be had; the text says how to install it."""


def tool(name: str) -> Path:
    """The tool, for a test, which is skipped where it cannot be had; `.ci/run` says so aloud."""
    try:
        return find(name)
    except Missing as error:
        pytest.skip(str(error))


def find(name: str) -> Path:
    """The tool on the machine, or fetched now; raises Missing."""
    package, command = TOOLS[name]
    if found := shutil.which(name) or shutil.which(command):
        return Path(found)
    unpacked = CACHE / package / "usr" / "bin" / command
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several who need it at once, one downloads
        if not unpacked.exists():
            _fetch(package)
    return unpacked


def _fetch(package: str) -> None:
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise Missing(f"no {package} on this machine, and no apt-get to fetch it: install it")
    lists, folder = CACHE / "lists", CACHE / f"{package}.new"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    own_lists = ["-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={CACHE}"]
    download = ["download", package]
    # The machine's package lists may be empty or old, and only root may renew them.
    tries = ([download], [[*own_lists, "update"], [*own_lists, *download]])
    for commands in tries:
        if all(_apt(arguments) for arguments in commands):
            break
    else:
        raise Missing(f"no {package} on this machine: apt-get install {package}")
    newest = max(CACHE.glob(f"{package}_*.deb"), key=lambda deb: deb.stat().st_mtime)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["dpkg-deb", "-x", newest, folder], check=True, timeout=TIMEOUT_S)
    _relocate(folder / "usr" / "bin" / package)
    folder.rename(CACHE / package)  # whole or not there
    newest.unlink()


def _relocate(binary: Path) -> None:
    """Write another folder of the same length into the binary, as Conda does with prefixes."""
    assert len(HERE) == len(TEMPLATES)
    binary.write_bytes(binary.read_bytes().replace(TEMPLATES, HERE))


def _apt(arguments: Sequence[str]) -> bool:
    command = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", *arguments]
    try:
        done = subprocess.run(
            command, cwd=CACHE, capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


@asynccontextmanager
async def alertmanager(folder: Path, config: Mapping[str, Any]) -> AsyncIterator[str]:
    """The URL of an Alertmanager of its own, alone in its cluster, as long as the block lasts."""
    port = free_port()
    (folder / "alertmanager.yaml").write_text(json.dumps(config))  # JSON is YAML
    binary = tool("alertmanager")
    templates = binary.parent.parent / "share" / "prometheus" / "alertmanager"
    command = [
        *(["env", "--chdir", str(templates)] if templates.is_dir() else []),
        str(binary),
        f"--config.file={folder / 'alertmanager.yaml'}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    async with _running("alertmanager", command, folder, port) as url:
        yield url


@asynccontextmanager
async def prometheus(folder: Path, config: Mapping[str, Any]) -> AsyncIterator[str]:
    """The URL of a Prometheus of its own, as long as the block lasts."""
    port = free_port()
    (folder / "prometheus.yaml").write_text(json.dumps(config))
    command = [
        str(tool("prometheus")),
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        "--rules.alert.resend-delay=1s",  # what fires before Alertmanager is known is dropped
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    async with _running("prometheus", command, folder, port) as url:
        yield url


@asynccontextmanager
async def _running(
    name: str, command: Sequence[str], folder: Path, port: int
) -> AsyncIterator[str]:
    process = Process(name, command, folder / f"{name}.log", os.environ)
    process.start()
    url = f"http://127.0.0.1:{port}"
    try:
        await ready.until(process, partial(ready.http, f"{url}/-/ready"))
        yield url
    finally:
        process.stop()


def main() -> int:
    """Fetch every tool; says which are there, and which cannot be had."""
    missing = 0
    for name in TOOLS:
        try:
            print(f"{name}: {find(name)}")
        except Missing as error:
            missing += 1
            print(f"{name}: MISSING, its tests are skipped: {error}")
    return missing


if __name__ == "__main__":
    sys.exit(main() > 0)
