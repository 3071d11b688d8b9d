"""Fields of a message, checked: a mistake is one sentence that names field, value, expectation."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from isthmus.runtime.errors import Rejected

T = TypeVar("T")
USERINFO = re.compile(r"//[^/@]*@")  # RFC 3986, 3.2.1
OURS = "Value error, "


def checked(kind: TypeAdapter[T], fields: Mapping[str, Any], *, at: str) -> T:
    """`fields` as `kind`; raises Rejected with the first mistake, and where it stands."""
    try:
        return kind.validate_python(fields)
    except ValidationError as error:
        raise Rejected(f"{at}{mistake(error)}") from error


def mistake(error: ValidationError) -> str:
    """The first mistake as `field: value: expectation`."""
    item = error.errors()[0]
    field = ".".join(str(part) for part in item["loc"])
    if item["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"{field}: unknown field"  # its value may be a secret that has no place here
    value = item["input"] if isinstance(item["input"], str | int | float) else ""
    if isinstance(value, str):
        value = USERINFO.sub("//…@", value)  # someone wrote a password into an address
    if item["msg"].startswith(OURS):  # it names field and value itself
        return ".".join(filter(None, (field, item["msg"].removeprefix(OURS))))
    return f"{field}: {value!r}: {item['msg']}"
