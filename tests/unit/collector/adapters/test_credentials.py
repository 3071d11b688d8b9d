"""Credentials by name, from a file that may change."""

import os
from pathlib import Path

import pytest

from isthmus.collector.adapters.credentials import CredentialsFile
from isthmus.collector.adapters.snmp.usm import Community
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


def test_it_is_the_same_object_until_the_file_changes(file: Path) -> None:
    """It is asked for at each read of each agent: checked once, and told from another at a look."""
    credentials = CredentialsFile(file)
    found = credentials.resolve("site-ro", Community)
    assert credentials.resolve("site-ro", Community) is found
    os.utime(file, ns=(1, 1))
    assert credentials.resolve("site-ro", Community) is not found


@pytest.mark.parametrize(
    "text",
    [
        "site-ro: {community: s3cret2\n",
        "- s3cret2\n",
        "s3cret2: 2024-13-45\n",
        None,
    ],
)
def test_a_version_that_cannot_be_read_changes_nothing_and_is_said_once(
    file: Path, text: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rotation that went wrong must not blind a whole site; the log holds no secret."""
    credentials = CredentialsFile(file)
    credentials.resolve("site-ro", Community)
    capsys.readouterr()
    file.unlink() if text is None else file.write_text(text)
    for _ in range(3):
        found = credentials.resolve("site-ro", Community)
        assert found.community.get_secret_value() == "s3cret"
    said = capsys.readouterr().out
    assert said.count("credentials_kept") == 1
    assert "s3cret" not in said
    file.write_text("site-ro: {community: new}\n")
    assert credentials.resolve("site-ro", Community).community.get_secret_value() == "new"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("nobody", "credential 'nobody': not in"), ("bad", "credential 'bad': community: Field req")],
)
def test_a_mistake_names_the_credential_and_no_secret(file: Path, name: str, reason: str) -> None:
    """The sentence goes into Observations: it must not hold what the file holds."""
    with pytest.raises(Unauthorized, match=reason) as caught:
        CredentialsFile(file, {}).resolve(name, Community)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_one_wrong_entry_hurts_nobody_else(file: Path) -> None:
    """The file is not refused as a whole."""
    credentials = CredentialsFile(file, {})
    with pytest.raises(Unauthorized):
        credentials.resolve("bad", Community)
    assert credentials.resolve("site-ro", Community).community.get_secret_value() == "s3cret"


def test_the_environment_has_what_the_file_has_not(file: Path) -> None:
    """A name becomes a variable; the file goes first, because it can be rotated."""
    environ = {
        "ISTHMUS_CREDENTIAL_SITE_RO": "{community: old}",
        "ISTHMUS_CREDENTIAL_LINE_1": "{community: s3cret3}",
        "ISTHMUS_CREDENTIAL_BROKEN": "{community: s3cret3",
        "ISTHMUS_CREDENTIAL_DATED": "{community: 2024-13-45}",
    }
    credentials = CredentialsFile(file, environ)
    assert credentials.resolve("site-ro", Community).community.get_secret_value() == "s3cret"
    for each in (credentials, CredentialsFile(None, environ)):
        assert each.resolve("line-1", Community).community.get_secret_value() == "s3cret3"
    with pytest.raises(Unauthorized, match="ISTHMUS_CREDENTIAL_DATED: no YAML"):
        credentials.resolve("dated", Community)
    with pytest.raises(Unauthorized, match="ISTHMUS_CREDENTIAL_BROKEN: no YAML") as caught:
        credentials.resolve("broken", Community)
    assert "s3cret3" not in str(caught.value)


def test_no_file_is_an_answer_too(tmp_path: Path) -> None:
    """Not set, or not there: a person can tell which."""
    with pytest.raises(Unauthorized, match="FILE nor ISTHMUS_CREDENTIAL_A is set"):
        CredentialsFile(None, {}).resolve("a", Community)
    with pytest.raises(Unauthorized, match="No such file"):
        CredentialsFile(tmp_path / "none.yaml", {}).resolve("a", Community)
