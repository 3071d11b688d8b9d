"""Small documents that people send as YAML or JSON."""

import json

import yaml

from isthmus.inventory.domain.rows import Invalid

NESTING_MAX = 20
OPENING = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
CLOSING = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def document(body: bytes, media_type: str) -> object:
    """What `body` says, as YAML when its media type is one, else as JSON; raises Invalid."""
    is_yaml = media_type.rpartition("/")[2].removeprefix("x-") == "yaml"
    try:
        text = body.decode()
        found = _yaml(text) if is_yaml else json.loads(text)
        json.dumps(found, ensure_ascii=False, default=str).encode()  # half a surrogate pair is none
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        kind = "YAML" if is_yaml else "JSON"
        reason = " ".join(str(error).split())[:300]
        raise Invalid("body", f"no {kind}: {reason}") from None
    return found


def _yaml(text: str) -> object:
    """The document in `text`; a few lines of aliases could stand for more than there is memory."""
    depth = 0
    for event in yaml.parse(text, LOADER):
        depth += isinstance(event, OPENING) - isinstance(event, CLOSING)
        if depth > NESTING_MAX:
            raise ValueError(f"expected at most {NESTING_MAX} levels")
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("an alias, expected the value itself")
    return yaml.load(text, LOADER)
