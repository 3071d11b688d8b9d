"""Which sites a request is about."""

from isthmus.runtime.access import Principal


def within(site: str | None, who: Principal) -> frozenset[str] | None:
    """The sites of a list: the one that is asked for, if they may see it, else all they may."""
    if not site:
        return who.sites
    return frozenset({site}) if who.may(site) else frozenset()
