"""What a token grants, and what that lets somebody do, and where."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.runtime.access import (
    ANYONE,
    Access,
    Grant,
    Identity,
    Kind,
    Principal,
    Refused,
    Role,
    identity,
    narrowed,
)

SETTINGS = Access(mode="oidc", issuer="https://login.example/realms/nordwerk", audience="isthmus")
SITES = st.sampled_from(["hagen", "lyon", "rotterdam", "*"])
GRANTS = st.frozensets(st.builds(Grant, st.sampled_from(list(Role)), SITES), max_size=5)


def known(*roles: str, settings: Access = SETTINGS, **claims: Any) -> Identity:
    """The identity of a token with these roles."""
    return identity({"sub": "3c1f", "roles": list(roles), **claims}, settings)


def shown(who: Identity) -> list[str]:
    return sorted(map(str, who.grants))


def test_a_role_says_where_it_holds() -> None:
    """On a site, for a tenant, or everywhere."""
    roles = ["isthmus:operator@hagen", "isthmus:viewer@*", "isthmus:admin@tenant:nordwerk"]

    assert shown(known(*roles)) == ["admin@tenant:nordwerk", "operator@hagen", "viewer@*"]


def test_a_role_without_a_scope_holds_where_the_claims_say() -> None:
    """Sites and tenants; one text is as good as a list of one."""
    who = known("isthmus:engineer", sites=["hagen", "lyon"], tenants="nordwerk")

    assert shown(who) == ["engineer@hagen", "engineer@lyon", "engineer@tenant:nordwerk"]


def test_a_role_without_any_scope_holds_nowhere() -> None:
    """A claim that somebody forgot must not open every site; the refusal says what is missing."""
    who = known("isthmus:admin")

    assert who.grants == frozenset()
    with pytest.raises(Refused, match="isthmus:admin: names no site"):
        who.acting(Role.VIEWER)


def test_roles_of_other_applications_are_none_of_ours() -> None:
    """An `admin` of something else is nobody here; ours that make no sense are said."""
    who = known("admin", "admin@*", "isthmus:operater@hagen", "isthmus:viewer@Hagen Süd")

    assert who.grants == frozenset()
    assert [text.split(":")[1].strip() for text in who.ignored] == [
        "operater@hagen",
        "viewer@Hagen Süd",
    ]


def test_without_a_prefix_every_role_of_the_claim_is_ours() -> None:
    """For a claim that has nobody else's."""
    settings = SETTINGS.model_copy(update={"role_prefix": ""})

    assert shown(known("viewer@hagen", settings=settings)) == ["viewer@hagen"]


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        (
            "resource_access.isthmus.roles",
            {"resource_access": {"isthmus": {"roles": ["viewer@hagen"]}}},
        ),
        ("https://nordwerk.example/roles", {"https://nordwerk.example/roles": ["viewer@hagen"]}),
        ("groups", {"groups": "viewer@hagen"}),
    ],
)
def test_roles_are_found_wherever_a_provider_puts_them(name: str, claims: Any) -> None:
    """Inside of objects, and under names that have dots themselves."""
    settings = SETTINGS.model_copy(update={"roles_claim": name, "role_prefix": ""})

    assert shown(identity({"sub": "3c1f", **claims}, settings)) == ["viewer@hagen"]


@given(st.dictionaries(st.sampled_from(["roles", "sites", "tenants", "preferred_username"]),
                       st.recursive(st.none() | st.integers() | st.text(max_size=20),
                                    lambda i: st.lists(i, max_size=4))))  # fmt: skip
def test_claims_of_any_form_grant_nothing_by_accident(claims: dict[str, Any]) -> None:
    """Only texts with our prefix grant anything."""
    who = identity({"sub": "3c1f", **claims}, SETTINGS)

    assert who.grants == frozenset()
    assert who.name


def test_whom_the_log_shows_has_a_name_or_else_a_subject() -> None:
    """The identity never is anybody else's; names may be."""
    named = known(preferred_username="mara")

    assert (named.name, named.id) == ("mara", "token:3c1f")
    assert known().name == "3c1f"
    for taken in ("key:erp", "mara\n", ""):
        assert known(preferred_username=taken).name == "3c1f"


@given(GRANTS, st.sampled_from(list(Role)), st.sampled_from(["hagen", "lyon", "rotterdam"]))
def test_a_role_holds_exactly_where_it_or_a_greater_one_was_granted(
    grants: frozenset[Grant], role: Role, site: str
) -> None:
    """viewer ⊂ operator ⊂ engineer ⊂ admin, on each site by itself."""
    who = Identity("token:x", "x", Kind.TOKEN, grants)
    granted = any(g.role.includes(role) and g.scope in (site, "*") for g in grants)

    try:
        may = who.acting(role).may(site)
    except Refused:
        may = False

    assert may == granted


def test_each_role_may_what_those_before_it_may() -> None:
    """And nothing of those behind it."""
    order = ["viewer", "operator", "engineer", "admin"]

    assert [[a.includes(b) for b in Role] for a in Role] == [
        [other <= rank for other in range(4)] for rank in range(4)
    ]
    assert list(Role) == order


def test_tenants_become_their_sites() -> None:
    """One that nobody knows has none."""
    who = known("isthmus:operator@tenant:nordwerk", "isthmus:viewer@tenant:gone")

    assert who.tenants == {"nordwerk", "gone"}
    assert shown(who.resolved({"nordwerk": ["hagen", "lyon"]})) == [
        "operator@hagen",
        "operator@lyon",
    ]


@pytest.mark.parametrize(
    ("site", "status"), [("hagen", None), ("lyon", 403), ("rotterdam", 404), ("*", 403)]
)
def test_what_one_may_not_see_is_not_there(site: str, status: int | None) -> None:
    """403 would say that it is; a site that one may read says what is missing."""
    who = known("isthmus:operator@hagen", "isthmus:viewer@lyon").acting(Role.OPERATOR)

    try:
        who.check(site, "asset 'a'")
        found = None
    except Refused as refused:
        found = refused.status

    assert found == status


def test_who_has_a_role_everywhere_has_it_on_sites_to_come() -> None:
    """None, not a list of the sites of today."""
    assert ANYONE.acting(Role.ADMIN).sites is None
    assert Principal("mara", None).may("*")


@pytest.mark.parametrize(
    "text", ["", "admin", "admin@", "Admin@hagen", "admin@hagen lyon", "admin@**", "admin@tenant:"]
)
def test_a_grant_that_is_none_says_what_is_expected(text: str) -> None:
    """For the caller of the API as for the log."""
    with pytest.raises(ValueError, match="expected"):
        Grant.parsed(text)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "ISSUER and AUDIENCE"),
        ({"issuer": "https://login.example"}, "ISSUER and AUDIENCE"),
        ({"issuer": "http://login.example", "audience": "i"}, "expected https://"),
        ({"issuer": "login.example", "audience": "i"}, "expected https://"),
        ({"issuer": "https://a", "audience": "i", "jwks_uri": "file:///k"}, "expected https://"),
    ],
)
def test_an_issuer_is_reached_safely_or_not_at_all(given: dict[str, str], says: str) -> None:
    """Whoever can change the keys on their way can be anybody."""
    with pytest.raises(ValueError, match=says):
        Access(mode="oidc", **given)


def test_access_is_off_only_when_that_was_said() -> None:
    """There is no default."""
    with pytest.raises(ValueError, match="mode"):
        Access()  # type: ignore[call-arg]  # that is what is tested

    assert Access(mode="off").mode == "off"


def test_a_list_is_of_the_site_that_is_asked_for_if_one_may_see_it() -> None:
    """Else of all that one may see."""
    hagen = frozenset({"hagen"})

    assert narrowed(hagen, None) == narrowed(hagen, "") == hagen
    assert narrowed(hagen, "hagen") == narrowed(None, "hagen") == hagen
    assert narrowed(hagen, "lyon") == frozenset()
    assert narrowed(None, None) is None
