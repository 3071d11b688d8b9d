"""What the page on importing shows, and that both services mean the same by it."""

import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from isthmus.inventory.adapters.documents import document
from isthmus.inventory.adapters.tables.tables import read
from isthmus.inventory.domain.assets.vocabulary import FIELDS
from isthmus.inventory.domain.tables import import_jobs
from isthmus.inventory.domain.tables.import_jobs import Format, ImportJob
from isthmus.inventory.domain.tables.imports import FILE_BYTES_MAX, ROWS_MAX, Checker, Entry, Fault
from isthmus.inventory.domain.tables.mappings import KEYS, ImportMapping, mapping
from isthmus.inventory.handlers.tables.import_run import record
from isthmus.normalizer.adapters import catalog
from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.handlers.observations import IMPORTS, IMPORTS_REQUIRED, observation
from isthmus.runtime.registry import registry
from isthmus.telemetry.v1.observation_pb2 import Observation

PAGE = (Path(__file__).parents[2] / "docs" / "importing.md").read_text()
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def block(kind: str) -> str:
    (found,) = re.findall(rf"```{kind}\n(.*?)```", PAGE, re.S)
    return str(found)


def table(heading: str) -> list[list[str]]:
    """The rows of the table of the page with this heading."""
    (found,) = re.findall(rf"\| {heading}.*?\n\|[-|]+\n((?:\|.*\n)+)", PAGE)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found.splitlines()]


@pytest.fixture(scope="module")
def normalizer() -> Normalizer:
    """The normaliser with the catalogue that comes with it."""
    return Normalizer(catalog.load(catalog.SHIPPED))


def sap() -> ImportMapping:
    return mapping("sap", document(block("yaml").encode(), "application/yaml"))


def made(sites: frozenset[str] | None) -> list[Entry | list[Fault] | None]:
    """What becomes of the rows of the page."""
    found = read(block("csv").encode(), "csv", sap().wanted)
    checker = Checker(sap(), found.columns, sites)
    return [checker.take(line) for line in found.lines]


def observed(entry: Entry) -> Observation:
    """The message of an entry, as it is on the topic."""
    job = ImportJob("1", sap(), Format.CSV, 1, False, "mara", NOON)
    return Observation.FromString(record(job, entry).value or b"")


def test_the_file_of_the_page_is_read_by_its_mapping() -> None:
    """One good row, the errors that the page names, and one that is left out."""
    good, *bad, ignored = made(None)

    assert isinstance(good, Entry)
    assert good.facts["purchase_price"] == "4850.00"
    assert good.facts["currency"] == "EUR"
    faults = [fault for each in bad if isinstance(each, list) for fault in each]
    assert [[str(f.row), f.column, f"`{f.reason}`"] for f in faults] == table("row")
    assert ignored is None


def test_the_row_of_the_page_is_the_device_on_the_wire(normalizer: Normalizer) -> None:
    """The same maker, the same family, the same keys."""
    good = made(None)[0]
    assert isinstance(good, Entry)
    [report] = normalizer.reports(observation(observed(good)))

    assert good.source == "hagen/sap:10000007"
    assert report.identity.value("vendor") == "Siemens"
    assert report.identity.value("class") == "plc"
    assert report.identity.value("custom.cabinet") == "7"
    assert [f"{key.scope}|{key.kind}|{key.value}" for key in report.identity.keys] == [
        "global|asset-number|4711-0",
        "global|serial|siemens/E1N12345",
        "hagen|mac|00:1b:1b:2c:3d:4e",
    ]


def test_the_limits_of_the_page_are_those_of_the_code() -> None:
    """Somebody plans a nightly export by them."""
    assert f"At most {FILE_BYTES_MAX // 2**20} MiB and {ROWS_MAX:,} rows" in PAGE
    assert import_jobs.JOBS_KEPT == 10
    assert "The last ten imports" in PAGE
    assert all(f"`{name}`" in PAGE for name in KEYS)


def test_the_normaliser_passes_every_field_that_a_table_may_say() -> None:
    """By a rule, or as it stands; the path is the observation's own."""
    known = catalog.load(catalog.SHIPPED)
    ruled = {fact for facts in known.sources["import"].values() for fact in facts}

    assert known.recorded & ruled == set()
    assert known.recorded | ruled == (FIELDS.keys() - {"path"}) | {"custom"}
    assert KEYS.keys() <= {rule.fact for rule in known.keys}


def test_nothing_that_a_table_says_is_lost(normalizer: Normalizer) -> None:
    """Every field of the vocabulary, filled with its example, comes out under its name."""
    examples = {name: field.example or "2026" for name, field in FIELDS.items()}
    headings = [*examples, "custom.cabinet"]
    row: dict[str, Any] = {
        "system": "sap", "site": "hagen", "external_id": "serial",
        "columns": {name: name for name in headings},
    }  # fmt: skip
    file = io.StringIO()
    csv.writer(file).writerows([headings, [*examples.values(), "7"]])
    chosen = mapping("all", yaml.safe_load(yaml.safe_dump(row)))
    found = read(file.getvalue().encode(), "csv", chosen.wanted)
    [entry] = [Checker(chosen, found.columns).take(line) for line in found.lines]
    assert isinstance(entry, Entry)

    message = observed(entry)
    [report] = normalizer.reports(observation(message))

    assert message.path == examples["path"]
    names = {attribute.name for attribute in report.identity.attributes}
    assert names == (FIELDS.keys() - {"path"}) | {"custom.cabinet"}


def test_both_services_know_the_topic_by_one_name() -> None:
    """With the fields that its messages always have."""
    topic = registry()[IMPORTS]
    good = made(None)[0]
    assert isinstance(good, Entry)

    job = ImportJob("1", sap(), Format.CSV, 1, False, "mara", NOON)
    assert record(job, good).topic == IMPORTS
    assert topic.message == Observation.DESCRIPTOR.full_name
    assert all(getattr(observed(good), field) for field in IMPORTS_REQUIRED)
