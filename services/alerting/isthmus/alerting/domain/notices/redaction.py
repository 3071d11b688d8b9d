"""Secrets do not leave in what is stored or shown."""

from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

HIDDEN = "[secret]"
EXCERPT_MAX = 300


def excerpt(text: str, secrets: Iterable[str]) -> str:
    """The beginning of `text` on one line, each secret hidden however it is written."""
    forms = {form for secret in secrets if secret for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    shown = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(shown.split())[:EXCERPT_MAX]


def _forms(secret: str) -> Iterable[str]:
    encoded = b64encode(secret.encode()).decode()
    return secret, quote(secret), quote_plus(secret), encoded, encoded.rstrip("=")
