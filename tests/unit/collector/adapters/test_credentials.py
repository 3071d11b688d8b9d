"""Credentials by name, from a file that may change."""

import os
from pathlib import Path

import pytest

from isthmus.collector.adapters.credentials import CredentialsFile
from isthmus.collector.adapters.snmp.agent import Community
from isthmus.runtime.errors import Unauthorized


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A mounted file."""
    path = tmp_path / "credentials.yaml"
    path.write_text("site-ro: {community: s3cret}\nbad: {comunity: s3cret}\n")
    return path


def test_a_credential_is_found_by_name_and_does_not_show(file: Path) -> None:
    """Whoever prints it sees no secret."""
    found = CredentialsFile(file).resolve("site-ro", Community)
    assert found.community.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(found)


def test_a_changed_file_is_read_again(file: Path) -> None:
    """A rotated secret needs no restart."""
    credentials = CredentialsFile(file)
    credentials.resolve("site-ro", Community)
    file.write_text("site-ro: {community: other}\n")
    os.utime(file, ns=(1, 1))
    assert credentials.resolve("site-ro", Community).community.get_secret_value() == "other"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("nobody", "credential 'nobody': not in"), ("bad", "credential 'bad': community: Field req")],
)
def test_a_mistake_names_the_credential_and_no_secret(file: Path, name: str, reason: str) -> None:
    """The sentence goes into Observations: it must not hold what the file holds."""
    with pytest.raises(Unauthorized, match=reason) as caught:
        CredentialsFile(file).resolve(name, Community)
    assert "s3cret" not in str(caught.value)


def test_no_file_is_an_answer_too(tmp_path: Path) -> None:
    """Not set, or not there: a person can tell which."""
    with pytest.raises(Unauthorized, match="ISTHMUS_CREDENTIALS__FILE is not set"):
        CredentialsFile(None).resolve("a", Community)
    with pytest.raises(Unauthorized, match="No such file"):
        CredentialsFile(tmp_path / "none.yaml").resolve("a", Community)
