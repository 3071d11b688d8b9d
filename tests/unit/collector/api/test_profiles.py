"""The commands `profile check` and `profile schema`."""

import json
import re
from pathlib import Path

import pytest

from isthmus.collector.adapters import PROFILES
from isthmus.collector.adapters.documents import Document
from isthmus.collector.adapters.profiles import shipped
from isthmus.collector.api.probe import Row
from isthmus.collector.api.profiles import check, schema

GOOD = """protocol: modbus
registers:
  - {name: a, table: holding, address: 1, type: uint16}
"""


def written(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def test_a_good_profile_says_what_a_read_sends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before any device has felt it."""
    file = written(tmp_path, "acme-1.yaml", GOOD)
    assert check([file]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{file}: good, modbus"
    assert "  at each slot         1 modbus.read_holding_registers" in lines
    assert "  shortest interval    0.5 s" in lines


def test_every_mistake_of_every_file_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With file, line, field, value and what was expected; the good ones are said all the same."""
    first = written(tmp_path, "first.yaml", "protocol: modbus\ngap_max: 99\nslow_evry: 3\n")
    good = written(tmp_path, "good.yaml", GOOD)
    second = written(tmp_path, "second.yaml", "protocol: [")
    assert check([first, good, second]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"{first}:2: gap_max: 99, expected less than or equal to 64"
    assert out[1] == f"{first}:3: slow_evry: unknown field; did you mean 'slow_every'?"
    assert out[2] == f"{good}: good, modbus"
    assert out[-1].startswith(f"{second}:1: no YAML: ")


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.yaml", "protocol: modbuss", ":1: protocol: 'modbuss'; did you mean 'modbus'?"),
        ("a.yaml", "gap_max: 1", ":1: protocol: missing"),
        ("a.yaml", "- 1", ":1: [1], expected fields of a profile"),
        ("a.yaml", "", ":1: None, expected fields of a profile"),
        ("A B.yaml", GOOD, ": named 'A B.yaml', expected a-z, 0-9 and -, then .yaml"),
    ],
)
def test_what_is_no_profile_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, reason: str
) -> None:
    """In one line."""
    file = written(tmp_path, name, text)
    assert check([file]) == 1
    assert capsys.readouterr().out == f"{file}{reason}\n"


def test_a_gateway_is_checked_with_its_units(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those that stand beside it, those that are shipped, and none that is missing."""
    written(tmp_path, "acme-1.yaml", GOOD)
    units = "protocol: modbus\nunits: {1: acme-1, 2: schneider-pm5320}\n"
    assert check([written(tmp_path, "bus.yaml", units)]) == 0
    assert check([written(tmp_path, "bus.yaml", units + "safety: false\n")]) == 0
    torn = "protocol: modbus\nunits: {1: acme-2}\n"
    assert check([written(tmp_path, "torn.yaml", torn)]) == 1
    assert "no file profiles/acme-2.yaml" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    """A typing error in a pipeline must not pass."""
    assert check(["nowhere.yaml"]) == 1
    assert "nowhere.yaml" in capsys.readouterr().out


def test_a_file_that_is_no_text_is_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No stack trace."""
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe")
    assert check([str(tmp_path / "a.yaml")]) == 1
    assert "a.yaml:1: no UTF-8" in capsys.readouterr().out


def test_the_shipped_profiles_are_good() -> None:
    """By the command that their authors use."""
    assert check([str(file) for file in Path(str(shipped())).glob("*.yaml")]) == 0


PAGE = (Path(__file__).parents[4] / "docs" / "profiles.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```\n(?:\n```text\n(.*?)```)?", PAGE, re.S)
PROFILES_SHOWN = [example for example in EXAMPLES if re.search("^protocol: ", example[0], re.M)]


def test_the_page_has_an_example_of_every_protocol() -> None:
    """And one that is wrong."""
    assert {re.findall("^protocol: (.*)", text, re.M)[0] for text, _ in PROFILES_SHOWN} == set(
        PROFILES
    )
    assert sum(bool(said) for _, said in PROFILES_SHOWN) == 1


@pytest.mark.parametrize(("text", "said"), PROFILES_SHOWN)
def test_the_examples_of_the_page_are_what_it_says(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Good ones are good, and the wrong one has the mistakes that stand below it."""
    file = written(tmp_path, "acme-pm1.yaml", text)
    assert check([file]) == int(bool(said))
    if said:
        assert capsys.readouterr().out.replace(f"{file}:", "") == said


def test_the_target_of_the_page_is_one() -> None:
    """Its profile is the first example."""
    (text,) = (text for text, _ in EXAMPLES if text.startswith("target: "))
    assert Document("meter.yaml", text).check(Row).profile == "acme-pm1"


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """For an editor that has no repository."""
    assert schema() == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Device profile of Isthmus"
