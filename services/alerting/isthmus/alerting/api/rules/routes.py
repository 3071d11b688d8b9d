"""Routes of rules: list, look, store, delete, try."""

import re
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query
from fastapi.responses import JSONResponse, Response

from isthmus.alerting.adapters.rules.cases import Course, played
from isthmus.alerting.adapters.rules.kinds import NAME
from isthmus.alerting.adapters.rules.parts import KINDS, RulePart
from isthmus.alerting.api.rules.commands import explanation
from isthmus.alerting.api.rules.models import (
    ExplainedItem,
    RuleItem,
    RuleList,
    RuleTrialOut,
    TrialIn,
    TrialTransition,
    VersionItem,
    VersionList,
)
from isthmus.alerting.handlers.rules.stored import StoredRules
from isthmus.alerting.ports.rules import RuleVersion
from isthmus.runtime.access import EVERYWHERE, Engineer, Viewer
from isthmus.runtime.http import Problem, problem
from isthmus.runtime.pages import INVALID, STALE, UNKNOWN, Cursor, IfMatch, Limit

Name = Annotated[
    str, Path(pattern=NAME, max_length=100, description="Name of the rule.", examples=["fog"])
]
Class = Annotated[
    str, Query(alias="class", description="Only rules for this device class.", examples=["ups"])
]
Kind = Annotated[str, Query(pattern="|".join((*KINDS, "^$")), description="Only of this kind.")]
TAG = re.compile(r'(?:W/)?"?(\d{1,9})"?')
FORBIDDEN: dict[int | str, dict[str, Any]] = {403: {"model": Problem}}
WRITTEN = {**FORBIDDEN, **INVALID, **STALE}


class Catalogue:
    """The rules in force, as people wrote them."""

    def __init__(self, shipped: dict[str, RulePart], stored: StoredRules) -> None:
        self._shipped = shipped
        self._stored = stored

    def items(self) -> dict[str, RuleItem]:
        """Each rule by name; one that is stored stands before the shipped one."""
        shipped = {name: self._of_shipped(name, part) for name, part in self._shipped.items()}
        stored = {name: _of_stored(each) for name, each in self._stored.newest.items()}
        return dict(sorted({**shipped, **stored}.items()))

    def item(self, name: str) -> RuleItem | None:
        """The rule of this name."""
        version = self._stored.newest.get(name)
        if version is not None:
            return _of_stored(version)
        return self._of_shipped(name, self._shipped[name]) if name in self._shipped else None

    def _of_shipped(self, name: str, part: RulePart) -> RuleItem:
        version = self._stored.version(name)
        return RuleItem(rule=part, origin="shipped", version=version, by="", at=None)


def serve_rules(http: FastAPI, shipped: dict[str, RulePart], stored: StoredRules) -> None:
    """Add the routes under `/v1/rules` to `http`."""
    catalogue = Catalogue(shipped, stored)
    _reading(http, catalogue, stored)
    _writing(http, catalogue, stored)
    _trying(http)


def _reading(http: FastAPI, catalogue: Catalogue, stored: StoredRules) -> None:
    @http.get("/v1/rules", tags=["rules"], summary="Rules, by name", responses=INVALID)
    async def listed(
        who: Viewer, of: Class = "", kind: Kind = "", limit: Limit = 100, cursor: Cursor = ""
    ) -> RuleList:
        found = [
            item
            for name, item in catalogue.items().items()
            if name > cursor and _wanted(item.rule, of, kind)
        ]
        more = found[limit - 1].rule.name if len(found) > limit else None
        return RuleList(items=found[:limit], next=more)

    @http.get(
        "/v1/rules/{name}",
        tags=["rules"],
        summary="A rule, and what it is in words",
        response_model=ExplainedItem,
        responses=UNKNOWN,
    )
    async def one(name: Name, who: Viewer, response: Response) -> Any:
        item = catalogue.item(name)
        if item is None:
            return _missing(name)
        response.headers["ETag"] = f'"{item.version}"'
        return ExplainedItem(**dict(item), explanation=dict(explanation(item.rule)))

    @http.get(
        "/v1/rules/{name}/versions",
        tags=["rules"],
        summary="What was stored under the name of a rule, by whom and when",
        response_model=VersionList,
        responses=UNKNOWN,
    )
    async def versions(name: Name, who: Viewer) -> Any:
        if catalogue.item(name) is None and not stored.version(name):
            return _missing(name)
        return VersionList(items=[VersionItem.of(each) for each in await stored.versions(name)])


def _writing(http: FastAPI, catalogue: Catalogue, stored: StoredRules) -> None:
    @http.put(
        "/v1/rules/{name}",
        tags=["rules"],
        summary="Store a rule, over the shipped one if there is one",
        description="In force on every replica within seconds. Its open alarms go on under it; "
        "where it watches something else now, they are closed, with the reason. `enabled: false` "
        "switches a shipped rule off.",
        response_model=RuleItem,
        responses=WRITTEN,
    )
    async def put(
        name: Name, said: RulePart, who: Engineer, response: Response, if_match: IfMatch = None
    ) -> Any:
        if said.name != name:
            return problem(422, f"name: {said.name!r}, expected {name!r} as in the path")
        who.check(EVERYWHERE, f"rule {name!r}")
        if (stale := _stale(stored.version(name), if_match)) is not None:
            return stale
        body = said.model_dump_json(exclude_unset=True)
        written = await stored.put(name, body, who.name, stored.version(name))
        if written is None:
            return _raced(name)
        response.headers["ETag"] = f'"{written.version}"'
        return _of_stored(written)

    @http.delete(
        "/v1/rules/{name}",
        tags=["rules"],
        summary="Delete what was stored under the name of a rule",
        description="The shipped rule of that name holds again, if there is one; else its alarms "
        "are closed.",
        status_code=204,
        response_model=None,
        responses={**WRITTEN, **UNKNOWN},
    )
    async def delete(name: Name, who: Engineer, if_match: IfMatch = None) -> Response:
        if name not in stored.newest:
            return problem(404, f"name: nothing is stored under {name!r}")
        who.check(EVERYWHERE, f"rule {name!r}")
        if (stale := _stale(stored.version(name), if_match)) is not None:
            return stale
        deleted = await stored.delete(name, who.name, stored.version(name))
        return _raced(name) if deleted is None else Response(status_code=204)


def _trying(http: FastAPI) -> None:
    @http.post(
        "/v1/rules/test",
        tags=["rules"],
        summary="Say what a rule would make of reports and assets",
        description="Nothing is stored and nobody is told.",
        responses=INVALID,
    )
    async def test(said: TrialIn, who: Viewer) -> RuleTrialOut:
        course = Course(
            said.start, said.asset_class, said.reports, said.assets, until_s=said.until_s
        )
        trial = played(course, (said.rule.rule(),))
        failed = sorted({reason for _, reason in trial.failed})
        return RuleTrialOut(transitions=[TrialTransition.of(t) for t in trial.told], failed=failed)


def _of_stored(version: RuleVersion) -> RuleItem:
    part = RulePart.model_validate_json(version.body)
    return RuleItem(
        rule=part, origin="stored", version=version.version, by=version.by, at=version.at
    )


def _wanted(rule: RulePart, of: str, kind: str) -> bool:
    return (not of or not rule.classes or of in rule.classes) and kind in ("", rule.kind[0])


def _stale(version: int, if_match: str | None) -> JSONResponse | None:
    """Why what somebody has seen is not what stands there now."""
    if if_match is None or if_match.strip() == "*":
        return None
    seen = TAG.fullmatch(if_match.strip())
    if seen is not None and int(seen.group(1)) == version:
        return None
    return problem(412, f"If-Match: {if_match[:80]!r}, but the rule is at {version}")


def _raced(name: str) -> JSONResponse:
    return problem(412, f"somebody else has just stored the rule {name!r}: look at it again")


def _missing(name: str) -> JSONResponse:
    return problem(404, f"name: there is no rule {name!r}")
