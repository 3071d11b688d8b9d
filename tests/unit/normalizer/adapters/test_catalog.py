"""The catalogue's files: strict, and a mistake is one line."""

from pathlib import Path

import pytest
from tests.unit.normalizer.catalogue import RULES

from isthmus.normalizer.adapters import catalog as adapter
from isthmus.normalizer.adapters.catalog import SHIPPED, CatalogFolder, examples, load
from isthmus.normalizer.domain.catalog import Lifecycle
from isthmus.normalizer.domain.families import Rank
from isthmus.normalizer.domain.lint import lint
from isthmus.normalizer.domain.report import Health, Tier
from isthmus.runtime.errors import IsthmusError

VENDORS, FAMILIES, LIVES = "vendors/all.yaml", "families/all.yaml", "lifecycle/all.yaml"


def sourced(fields: str) -> str:
    """An entry that says where its facts stand."""
    return f"- {{{fields}, sources: [a page], checked: 2026-03-01}}"


def vendor(fields: str) -> str:
    """One more vendor."""
    return sourced(f"name: {fields}")


def family(fields: str) -> str:
    """One more family, of PLCs."""
    return sourced(f"name: {fields}, family: X, class: plc, examples: [{{says: {{model: x}}}}]")


def life(fields: str) -> str:
    """One more fact of a lifecycle."""
    return sourced(f"family: {fields}")


def append(file: Path, text: str) -> None:
    """Write `text` at the end of a file."""
    file.write_text(f"{file.read_text()}\n{text}\n")


def test_files_become_what_the_domain_reads(folder: Path) -> None:
    """Each entry with all that it says."""
    catalog = load(folder)

    siemens = next(each for each in catalog.vendors if each.name == "Siemens")
    assert (siemens.pens, siemens.serial_prefixes) == ((4329,), ("S C-",))
    m340 = next(each for each in catalog.families if each.name == "schneider-m340")
    assert [way.rank for way in m340.recognise] == [Rank.ORDER_CODE, Rank.MODEL, Rank.PROFILE]
    assert (catalog.classes["plc"].purdue_level, catalog.classes["plc"].criticality) == (
        "1",
        "high",
    )
    narrow, wide = catalog.lifecycles["schneider-m340"]
    assert isinstance(narrow, Lifecycle)
    assert (narrow.end_of_support, wide.state) == ("2026-12-31", "supported_no_date")
    assert {rule.kind: rule.tier for rule in catalog.keys}["engine-id"] is Tier.STRONG
    assert catalog.health[0].values["run"] is Health.NORMAL
    assert catalog.ranges["battery_charge"] == (0, 100)
    assert "n a" in catalog.traps.texts


def test_the_small_catalogue_of_these_tests_is_right(folder: Path) -> None:
    """What the other tests stand on has no mistake that the linter knows."""
    assert list(lint(load(folder), examples(folder))) == []


def test_a_unique_key_is_unique_in_the_world_and_others_within_their_site(folder: Path) -> None:
    """The tier decides the scope."""
    for rule in load(folder).keys:
        assert rule.is_global is (rule.tier <= Tier.UNIQUE)


@pytest.mark.parametrize("name", [*RULES, "health"])
def test_every_file_must_be_there(folder: Path, name: str) -> None:
    """Half a catalogue would know half of the fleet without telling."""
    (folder / f"{name}.yaml").unlink()

    with pytest.raises(IsthmusError, match=rf"{name}\.yaml: No such file"):
        load(folder)


@pytest.mark.parametrize("part", ["vendors", "families", "lifecycle"])
def test_every_concern_has_files(folder: Path, part: str) -> None:
    """An empty folder is more likely a mistake than a wish."""
    (folder / part / "all.yaml").unlink()

    with pytest.raises(IsthmusError, match=rf"{part}: no \*\.yaml, expected at least one file"):
        load(folder)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        (
            VENDORS,
            "- {name: Acme, checked: 2026-03-01}",
            r"entry 14 \(Acme\)\.sources: Field required",
        ),
        (VENDORS, "- {name: Acme, sources: [], checked: 2026-03-01}", "sources: Tuple should have"),
        (VENDORS, "- {name: Acme, sources: [a]}", r"\(Acme\)\.checked: Field required"),
        (VENDORS, vendor("Acme, pen: 9"), r"\(Acme\)\.pen: Extra inputs"),
        (VENDORS, vendor("Acme, pens: [9]"), "'PEN 9' belongs to Cisco already"),
        (VENDORS, vendor("Acme, cip: [991]"), "'CIP vendor id 991' belongs to Moxa"),
        (VENDORS, vendor("Acme, bacnet: [661]"), "'BACnet vendor id 661' belongs"),
        (VENDORS, vendor("Acme, uris: [WAGO.com]"), "'host wago.com' belongs to WAGO"),
        (VENDORS, vendor("Acme, aliases: [modicon]"), "'modicon' belongs to Schneider"),
        (VENDORS, vendor("Moxa GmbH"), "Moxa GmbH: 'moxa' belongs to Moxa already"),
        (VENDORS, vendor("Acme, versions: roman"), r"\.versions: Input should be"),
        (VENDORS, "- [", "vendors/all.yaml: while parsing"),
        (VENDORS, "- {name: Acme, checked: 2026-02-30}", "vendors/all.yaml: day is out of range"),
        (VENDORS, "# \udce9", "vendors/all.yaml: 'utf-8' codec can't decode byte 0xe9"),
        (FAMILIES, family("x"), r"\(x\): no way to recognise it, expected `recognise`"),
        (FAMILIES, family("x, recognise: [{}]"), r"recognise\.0: no condition"),
        (FAMILIES, family("x, recognise: [{model: '('}]"), "'.' is no regular exp"),
        (FAMILIES, family("x, recognise: [{model: '(?=a)'}]"), "expression of RE2"),
        (FAMILIES, family("x, recognise: [{model: }]"), "model: no text, expected"),
        (FAMILIES, family("x, recognise: [{a: '(?P<b>c)'}]"), "a: group 'b', expected"),
        (FAMILIES, family("X Y, oids: {1.3.9: ''}"), r"\.name: String should match"),
        (FAMILIES, family("x, oids: {a.b: ''}"), r"oids\.a\.b.*String should match"),
        (FAMILIES, family("x, oids: {1.3.6.1.4.1.9: ''}"), "belongs to cisco-ios"),
        (FAMILIES, family("cisco-ios, oids: {1.3.9: ''}"), "name cisco-ios belongs"),
        (FAMILIES, family("x, oids: {1.3.9: ''}, vendor: A"), "vendor 'A' is not in"),
        (FAMILIES, family("x, oids: {1.3.9: ''}, cpe: 'x:y'"), r"\.cpe: String should"),
        (
            FAMILIES,
            sourced("name: x, family: X, class: ox, oids: {1.3.9: ''}, examples: [{says: {a: b}}]"),
            "families/all.yaml: x: class 'ox' is not in classes.yaml",
        ),
        (
            FAMILIES,
            sourced("name: x, family: X, class: plc, oids: {1.3.9: ''}, examples: []"),
            r"\(x\)\.examples: Tuple should have at least 1 item",
        ),
        (LIVES, life("ox, state: known, end_of_sale: 2020"), "ox: no such family"),
        (LIVES, life("cisco-ios, state: known"), "state known says end_of_sale or"),
        (
            LIVES,
            life("cisco-ios, state: known, end_of_sale: 2020-13"),
            r"\(cisco-ios\)\.end_of_sale: String should match",
        ),
        (
            LIVES,
            life("cisco-ios, state: known, end_of_sale: 2020, when: {firm: x}"),
            "when: 'firm', expected one of",
        ),
        (
            "classes.yaml",
            "plough: {purdue: '9', criticality: low}",
            r"plough\.purdue: Input should be",
        ),
        (
            "health.yaml",
            "- {name: x, values: {1: fine}}",
            r"\(x\)\.values\.1: 'fine', expected one",
        ),
        ("health.yaml", "- {name: x, vendor: Acme}", "health.yaml: x: vendor 'Acme' is not in"),
        ("metrics.yaml", "- {metric: Load, unit: '1', of: x}", r"\(Load\)\.metric: String should"),
        ("attributes.yaml", "  mqtt: {vendor: [a@slot]}", "mqtt.vendor: row 'slot' is not in rows"),
        ("attributes.yaml", "  mqtt: {colour: [a]}", r"sources\.mqtt\.colour.*: Input should be"),
        (
            "keys.yaml",
            "- {fact: x, kind: x, tier: unique, form: oval}",
            "x: form 'oval', expected one",
        ),
        (
            "keys.yaml",
            "- {fact: x, kind: x, tier: best, form: text}",
            "tier: 'best', expected one of",
        ),
        ("keys.yaml", "- {fact: x@y, kind: x, tier: weak, form: text}", "row 'y' is not in rows"),
        (
            "parts.yaml",
            "- {column: x, relation: near, says: {}}",
            r"\(x\)\.relation: Input should be",
        ),
        (
            "parts.yaml",
            "- {column: x, relation: part_of, says: {}, classes: {1: ox}}",
            "parts.yaml: x: class 'ox' is not in classes.yaml",
        ),
        ("ranges.yaml", "load: [0]", r"ranges.yaml: load.*: Field required"),
        ("traps.yaml", "macs: []", "traps.yaml: macs: Extra inputs"),
    ],
)
def test_a_mistake_names_file_entry_and_field(
    folder: Path, file: str, text: str, message: str
) -> None:
    """Whoever made the mistake can mend it without reading code."""
    whole = f"{(folder / file).read_text()}\n{text}\n"
    (folder / file).write_bytes(whole.encode(errors="surrogateescape"))

    with pytest.raises(IsthmusError, match=message) as caught:
        load(folder)

    assert len(str(caught.value).splitlines()) == 1
    assert file.rpartition("/")[2] in str(caught.value)


def test_an_empty_file_is_a_mistake(folder: Path) -> None:
    """It is more likely half a copy than a catalogue."""
    (folder / VENDORS).write_text("")

    with pytest.raises(IsthmusError, match=r"vendors/all.yaml: .*valid list"):
        load(folder)


def test_every_mistake_is_said_at_once(folder: Path) -> None:
    """One line each; nobody mends them one by one."""
    append(folder / FAMILIES, family("x, vendor: Acme, oids: {1.3.9: ''}"))
    append(folder / "keys.yaml", "- {fact: x, kind: x, tier: weak, form: oval}")
    append(folder / "health.yaml", "- {name: x, vendor: Acme}")

    with pytest.raises(IsthmusError) as caught:
        load(folder)

    assert len(str(caught.value).splitlines()) == 3


def test_a_fingerprint_is_that_of_the_files_wherever_they_lie(folder: Path) -> None:
    """Renamed, moved inside or changed by one byte, it is another catalogue."""
    first = adapter.fingerprint(folder)
    moved = folder.rename(folder.with_name("moved"))
    assert adapter.fingerprint(moved) == first == load(moved).fingerprint

    (moved / VENDORS).rename(moved / "vendors" / "other.yaml")
    renamed = adapter.fingerprint(moved)
    append(moved / "traps.yaml", "#")

    assert len({first, renamed, CatalogFolder(moved).fingerprint()}) == 3


def test_a_folder_is_read_as_it_is_now(folder: Path) -> None:
    """Each time anew."""
    source = CatalogFolder(folder)
    before = source.load()
    append(folder / VENDORS, vendor("Acme"))

    assert source.load().vendors[:-1] == before.vendors
    assert source.fingerprint() != before.fingerprint


def test_the_catalogue_that_comes_with_the_service_is_where_the_service_looks() -> None:
    """Its own tests are the golden cases and the linter."""
    assert (SHIPPED / "attributes.yaml").is_file()
