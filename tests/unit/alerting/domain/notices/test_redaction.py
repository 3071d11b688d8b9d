"""Secrets do not leave."""

from base64 import b64encode
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from isthmus.alerting.domain.notices.redaction import EXCERPT_MAX, HIDDEN, excerpt

SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=40)


@given(SECRETS, st.text(max_size=30), st.text(max_size=30))
def test_a_secret_is_not_in_the_excerpt_however_it_is_written(
    secret: str, before: str, after: str
) -> None:
    """Plain, in base64 as in basic authentication, or quoted as in a URL."""
    forms = (secret, b64encode(secret.encode()).decode(), quote(secret))

    shown = excerpt(f"{before} {' '.join(forms)} {after}", [secret])

    assert not any(form in shown.replace(HIDDEN, "") for form in forms)


def test_an_excerpt_is_one_short_line() -> None:
    """What a device answers must not break a log or a page."""
    shown = excerpt("a\r\nb\x00c " + "x" * 1000, [])

    assert shown.startswith("a b c x")
    assert len(shown) == EXCERPT_MAX


def test_no_secret_hides_nothing() -> None:
    """An empty one would hide everything."""
    assert excerpt("all is well", [""]) == "all is well"
