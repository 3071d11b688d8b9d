"""How tests get Prometheus: found, fetched, or said to be missing."""

import subprocess
from pathlib import Path

import pytest
import yaml
from tests import prometheus_tools as tools
from tests.drift import ROOT


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any of the tools and without apt."""
    monkeypatch.setattr(tools, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_a_machine_without_apt_is_told_what_to_install(nowhere: Path) -> None:
    """One line, and nothing half fetched."""
    with pytest.raises(tools.Missing, match="no prometheus-alertmanager on this machine"):
        tools.find("alertmanager")

    assert sorted(path.name for path in tools.CACHE.iterdir()) == ["lock"]


def test_a_test_without_its_tool_is_skipped(nowhere: Path) -> None:
    """With the reason, so that a summary shows it."""
    with pytest.raises(pytest.skip.Exception, match="install it"):
        tools.tool("promtool")


def test_an_installed_tool_is_taken(nowhere: Path) -> None:
    """Nothing is fetched where Debian, or a person, has installed it under either name."""
    installed = nowhere / "prometheus-alertmanager"
    installed.write_text("#!/bin/sh\n")
    installed.chmod(0o755)

    assert tools.find("alertmanager") == installed


def test_a_download_that_fails_leaves_nothing(nowhere: Path) -> None:
    """An apt without network, with the lists of the machine or its own."""
    for name in ("apt-get", "dpkg-deb"):
        (nowhere / name).write_text("#!/bin/sh\nexit 100\n")
        (nowhere / name).chmod(0o755)

    with pytest.raises(tools.Missing, match="apt-get install prometheus"):
        tools.find("promtool")

    assert not (tools.CACHE / "prometheus").exists()


def test_the_example_of_the_page_is_a_configuration(tmp_path: Path) -> None:
    """docs/monitoring.md shows one without Kubernetes; promtool reads it, with its rules."""
    page = (ROOT / "docs" / "monitoring.md").read_text()
    example = yaml.safe_load(page.split("```yaml")[1].split("```")[0])
    key = tmp_path / "key"
    key.write_text("k")
    for job in example["scrape_configs"]:
        if "authorization" in job:
            job["authorization"]["credentials_file"] = str(key)
    example["rule_files"] = [str(ROOT / pattern) for pattern in example["rule_files"]]
    file = tmp_path / "prometheus.yaml"
    file.write_text(yaml.safe_dump(example))

    done = subprocess.run(
        [tools.tool("promtool"), "check", "config", file],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS: 4 rule files found" in done.stdout
