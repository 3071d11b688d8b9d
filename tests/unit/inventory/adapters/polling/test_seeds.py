"""Seed files."""

from pathlib import Path

import pytest

from isthmus.inventory.adapters.polling.seeds import rows
from isthmus.inventory.ports.polling import Row
from isthmus.runtime.errors import IsthmusError


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_rows_come_from_files_and_folders_with_the_site_of_their_file(tmp_path: Path) -> None:
    """A comma list of both; only YAML of a folder, by name."""
    write(tmp_path, "lyon.yaml", "targets: [{target: a}, {target: b}]")
    write(tmp_path, "hagen.yaml", "targets: [{target: c}]")
    write(tmp_path, "notes.txt", "not this")
    other = tmp_path / "more"
    other.mkdir()
    single = write(other, "rotterdam.yaml", "targets: []\n")

    found = list(rows(f"{tmp_path}, {single}", "targets"))

    assert [(row.site, row.number, row.content) for row in found] == [
        ("hagen", 1, {"target": "c"}),
        ("lyon", 1, {"target": "a"}),
        ("lyon", 2, {"target": "b"}),
    ]
    assert found[0] == Row(str(tmp_path / "hagen.yaml"), 1, "hagen", {"target": "c"})


def test_no_files_are_no_rows() -> None:
    """Targets may come by the API alone."""
    assert list(rows("", "targets")) == []


def test_zones_stand_beside_targets_or_alone(tmp_path: Path) -> None:
    """Each list is read for itself."""
    write(tmp_path, "hagen.yaml", "targets: [{target: a}]\nzones: [{}]")
    write(tmp_path, "lyon.yaml", "zones: [{path: x}]")

    assert [row.content for row in rows(str(tmp_path), "zones")] == [{}, {"path": "x"}]
    assert [row.content for row in rows(str(tmp_path), "targets")] == [{"target": "a"}]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("targets: [", "no YAML: "),
        ("targets: [2024-13-45]", "no YAML: month must be in 1..12"),
        ("- a\n- b\n", "targets: expected a list"),
        ("targets: {a: 1}", "targets: expected a list"),
        ("targets: []\nzones: {a: 1}", "zones: expected a list"),
        ("targets: []\nzone: []", "zone: unknown, expected targets or zones"),
        (None, "No such file"),
    ],
)
def test_a_file_that_is_no_list_of_targets_is_named_in_one_line(
    tmp_path: Path, text: str | None, says: str
) -> None:
    """The service does not start on half of what it was told."""
    file = tmp_path / "hagen.yaml"
    if text is not None:
        file.write_text(text)

    with pytest.raises(IsthmusError) as error:
        list(rows(str(file), "targets"))

    assert f"ISTHMUS_TARGETS__FILES: {file}: " in str(error.value)
    assert says in str(error.value)
    assert "\n" not in str(error.value)
