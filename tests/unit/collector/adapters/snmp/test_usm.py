"""Credentials: what is understood, and what the mistake of a person is answered with."""

from typing import Any

import pytest
from gufo.snmp import Aes256Key, KeyExpansion, Sha512Key
from pydantic import ValidationError

from isthmus.collector.adapters.snmp.usm import AnyCredential, Community, Usm, user

GOOD = {
    "user": "isthmus",
    "auth_protocol": "sha512",
    "auth_key": "auth-key-0001",
    "priv_protocol": "aes256",
    "priv_key": "priv-key-0001",
}


def test_a_user_is_authenticated_and_encrypted() -> None:
    """The library's keys are those that the file names."""
    made = user(Usm.model_validate(GOOD | {"key_expansion": "cisco"}))
    assert isinstance(made.auth_key, Sha512Key)
    assert isinstance(made.priv_key, Aes256Key)
    assert made.key_expansion is KeyExpansion.Cisco


def test_a_user_may_only_be_authenticated() -> None:
    """authNoPriv: neither protocol nor key of the encryption."""
    fields = {name: value for name, value in GOOD.items() if not name.startswith("priv")}
    assert user(Usm.model_validate(fields)).priv_key is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"auth_protocol": "md5"}, "'sha1', 'sha224', 'sha256', 'sha384' or 'sha512'"),
        ({"priv_protocol": "des"}, "'aes128', 'aes192' or 'aes256'"),
        ({"priv_key": None}, "expected both, or none (authNoPriv)"),
        ({"auth_key": "short"}, "at least 8"),
    ],
)
def test_a_mistake_is_one_sentence_without_the_secret(change: dict[str, Any], says: str) -> None:
    """It names what is expected."""
    with pytest.raises(ValidationError) as caught:
        Usm.model_validate(GOOD | change)
    [error] = caught.value.errors(include_input=False)
    assert says in error["msg"]
    assert "key-0001" not in error["msg"]


def test_community_and_user_are_told_apart() -> None:
    """By the field `user`; the mistake in a user is said as one of a user."""
    assert isinstance(AnyCredential.model_validate({"community": "public"}).root, Community)
    assert isinstance(AnyCredential.model_validate(GOOD).root, Usm)
    with pytest.raises(ValidationError, match="auth_protocol"):
        AnyCredential.model_validate(GOOD | {"auth_protocol": "md5"})


def test_secrets_do_not_show() -> None:
    """Neither by printing nor by dumping."""
    assert "key-0001" not in f"{Usm.model_validate(GOOD)!r}{Usm.model_validate(GOOD).model_dump()}"
