"""The catalogue's files: strict, and a mistake is one line."""

import shutil
from pathlib import Path

import pytest

from isthmus.normalizer.adapters.catalog import load
from isthmus.normalizer.domain.catalog import Catalog
from isthmus.runtime.errors import IsthmusError

FILES = ["attributes", "classes", "families", "health", "metrics", "traps", "vendors"]


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """A copy of the catalogue that a test may spoil."""
    return Path(shutil.copytree(folder, tmp_path / "catalog"))


def append(file: Path, text: str) -> None:
    """Write `text` at the end of a file."""
    file.write_text(f"{file.read_text()}\n{text}\n")


def test_the_catalogue_that_comes_with_the_service_is_right(catalog: Catalog) -> None:
    """It knows every class that the platform has a word for."""
    assert catalog.classes["plc"] == "1"
    assert {f.gives["class"] for f in catalog.families if "class" in f.gives} == set(
        catalog.classes
    )


@pytest.mark.parametrize("name", FILES)
def test_every_file_must_be_there(copy: Path, name: str) -> None:
    """Half a catalogue would know half of the fleet without telling."""
    (copy / f"{name}.yaml").unlink()

    with pytest.raises(IsthmusError, match=rf"{name}\.yaml: No such file"):
        load(copy)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("vendors.yaml", "- {name: Acme, pen: 9}", r"vendors.yaml: entry \d+ \(Acme\).pen: Extra"),
        (
            "vendors.yaml",
            "- {name: Acme, pens: [9]}",
            "vendors.yaml: Acme: 'PEN 9' belongs to Cisco",
        ),
        ("vendors.yaml", "- {name: Acme, aliases: [modicon]}", "'modicon' belongs to Schneider"),
        ("vendors.yaml", "- [", "vendors.yaml: while parsing"),
        ("classes.yaml", 'plough: "9"', "classes.yaml: plough: Input should be '0', '1'"),
        ("families.yaml", "- {name: x, vendor: Acme}", "families.yaml: x: vendor 'Acme' is not in"),
        (
            "families.yaml",
            "- {name: ups-mib, profile: ups}",
            "families.yaml: ups-mib: the name stands",
        ),
        ("families.yaml", "- {name: x, gives: {class: plc}}", "families.yaml: x: no condition"),
        ("families.yaml", "- {name: x, oid: '1.3', gives: {class: ox}}", "x: class 'ox' is not in"),
        ("families.yaml", "- {name: x, says: {a: '('}}", r"\(x\).says.a: '\(' is no regular"),
        ("families.yaml", "- {name: x, says: {a: '(?P<b>c)'}}", "x: group 'b' is no attribute"),
        (
            "health.yaml",
            "- {name: x, values: {1: fine}}",
            r"\(x\).values.1: 'fine', expected one of",
        ),
        ("health.yaml", "- {name: x, vendor: Acme}", "health.yaml: x: vendor 'Acme' is not in"),
        ("metrics.yaml", "- {metric: Load, unit: '1', of: x}", r"\(Load\).metric: String should"),
        ("attributes.yaml", "  mqtt: {vendor: [a@slot]}", "mqtt.vendor: row 'slot' is not in rows"),
        ("traps.yaml", "macs: []", "traps.yaml: macs: Extra inputs"),
    ],
)
def test_a_mistake_names_file_entry_and_field(
    copy: Path, file: str, text: str, message: str
) -> None:
    """Whoever made the mistake can mend it without reading code."""
    append(copy / file, text)

    with pytest.raises(IsthmusError, match=message) as caught:
        load(copy)

    assert len(str(caught.value).splitlines()) == 1
