"""Tokens of a provider that is really there, and of those who would like to be it."""

import asyncio
import base64
import hmac
import json
import ssl
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from tests.issuer import AUDIENCE, DISCOVERY, Issuer, private_key, serving

from isthmus.runtime.access import Access, Refused
from isthmus.runtime.errors import Retryable
from isthmus.runtime.settings import Telemetry
from isthmus.runtime.telemetry import configure_logs
from isthmus.runtime.tokens import RETRY_S, Tokens, _usable

NEVER = -float("inf")


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    """A provider with a key of each kind."""
    made = Issuer()
    made.rotate(rsa="RS256", ec="ES256", pss="PS256", ed="EdDSA")
    async with serving(made):
        yield made


def tokens_of(issuer: Issuer, **more: Any) -> Tokens:
    return Tokens(Access(mode="oidc", issuer=issuer.url, audience=AUDIENCE, **more))


async def refusal(tokens: Tokens, token: str) -> str:
    """Why `token` is refused; it is answered as RFC 6750 says, and not shown."""
    with pytest.raises(Refused) as refused:
        await tokens.claims(token)
    challenge = refused.value.headers["WWW-Authenticate"]
    assert refused.value.status == 401
    assert challenge.startswith('Bearer realm="isthmus", error="invalid_token"')
    assert not token or token not in challenge + str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("kid", ["rsa", "ec", "pss", "ed"])
async def test_a_token_of_the_issuer_is_read(issuer: Issuer, kid: str) -> None:
    """With each algorithm that counts; its keys are found by discovery, and asked for once."""
    tokens = tokens_of(issuer)

    for _ in range(3):
        claims = await tokens.claims(issuer.token("viewer@hagen", kid=kid))
        assert (claims["sub"], claims["roles"]) == ("3c1f", ["isthmus:viewer@hagen"])

    assert issuer.asked == [DISCOVERY, "/keys"]


async def test_the_address_of_the_keys_can_be_given(issuer: Issuer) -> None:
    """Then nothing is discovered."""
    tokens = tokens_of(issuer, jwks_uri=f"{issuer.url}/keys")

    assert await tokens.claims(issuer.token())
    assert issuer.asked == ["/keys"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"aud": "another-api"}, "Audience"),
        ({"aud": None}, '"aud"'),
        ({"iss": "https://login.example"}, "issuer"),
        ({"iss": None}, '"iss"'),
        ({"exp": int(time.time()) - 60}, "expired"),
        ({"exp": None}, '"exp"'),
        ({"nbf": int(time.time()) + 600}, "not yet valid"),
        ({"iat": int(time.time()) + 600}, "not yet valid"),
        ({"sub": None}, '"sub"'),
        ({"sub": ["a"]}, "Subject"),
    ],
)
async def test_a_token_that_is_not_for_us_now_is_refused(
    issuer: Issuer, wrong: dict[str, Any], says: str
) -> None:
    """And the answer says which claim is at fault."""
    assert says.replace('"', "'") in await refusal(tokens_of(issuer), issuer.token(**wrong))


async def test_clocks_may_differ_a_little(issuer: Issuer) -> None:
    """Half a minute by default; not a whole one."""
    tokens, now = tokens_of(issuer), int(time.time())

    assert await tokens.claims(issuer.token(exp=now - 10, nbf=now + 20))
    assert "expired" in await refusal(tokens, issuer.token(exp=now - 31))


async def test_an_unsigned_token_is_refused(issuer: Issuer) -> None:
    """`alg: none` (RFC 8725, 2.1), however it is written."""
    tokens, claims = tokens_of(issuer), issuer.claims("admin@*")
    for word in ("none", "None", "NONE", ""):
        forged = f"{_part({'alg': word, 'kid': 'rsa'})}.{_part(claims)}."

        assert "alg" in await refusal(tokens, forged)


async def test_a_public_key_is_no_secret(issuer: Issuer) -> None:
    """HS256 with the published key as the secret (RFC 8725, 2.1) opens nothing."""
    public = issuer.private["rsa"][1].public_key()
    for format in ("SubjectPublicKeyInfo", "PKCS1"):
        secret = public.public_bytes(
            serialization.Encoding.PEM,
            getattr(serialization.PublicFormat, format),
        )
        signed = f"{_part({'alg': 'HS256', 'kid': 'rsa'})}.{_part(issuer.claims('admin@*'))}"
        # PyJWT itself refuses to make such a token; an attacker does not ask it.
        mac = hmac.digest(secret, signed.encode(), "sha256")
        signature = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

        assert "alg" in await refusal(tokens_of(issuer), f"{signed}.{signature}")


async def test_a_key_verifies_what_it_says_that_it_verifies(issuer: Issuer) -> None:
    """The algorithm is the key's, not the token's: RS256's key is none for PS256."""
    key = issuer.private["rsa"][1]
    token = jwt.encode(issuer.claims(), key, "PS256", headers={"kid": "rsa"})

    assert "no key" in await refusal(tokens_of(issuer), token)


async def test_a_key_of_somebody_else_opens_nothing(issuer: Issuer) -> None:
    """Not under a known name, and not brought along in the header (RFC 8725, 3.10)."""
    tokens, mine = tokens_of(issuer), private_key("RS256")
    jwk = jwt.get_algorithm_by_name("RS256").to_jwk(mine.public_key(), as_dict=True)
    headers: dict[str, Any] = {"kid": "rsa", "jwk": jwk, "jku": "http://127.0.0.1:9/keys"}
    forged = jwt.encode(issuer.claims("admin@*"), mine, "RS256", headers=headers)

    assert "Signature" in await refusal(tokens, forged)


async def test_a_short_key_is_not_trusted(issuer: Issuer) -> None:
    """RSA below 2048 bits (RFC 7518, 3.3), even if the issuer serves it."""
    issuer.private["short"] = ("RS256", rsa.generate_private_key(65537, 1024))
    issuer.documents["/keys"]["keys"].append(issuer.public("short"))
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = issuer.token(kid="short")

    assert "1024" in await refusal(tokens_of(issuer), token)


async def test_a_token_without_kid_has_the_only_key_that_fits(issuer: Issuer) -> None:
    """And none when there are two."""
    issuer.rotate(one="ES256", other="RS256")
    claims, key = issuer.claims(), issuer.private["one"][1]
    assert await tokens_of(issuer).claims(jwt.encode(claims, key, "ES256"))

    issuer.rotate(one="ES256", two="ES256")
    unnamed = jwt.encode(claims, issuer.private["one"][1], "ES256")
    assert "no key" in await refusal(tokens_of(issuer), unnamed)


async def test_new_keys_are_fetched_when_a_token_names_one(issuer: Issuer) -> None:
    """Old ones are gone with it; strange names make us ask once in ten seconds at most."""
    tokens, before = tokens_of(issuer), issuer.token()
    await tokens.claims(before)
    issuer.rotate(new="ES256")

    for _ in range(3):
        assert "no key" in await refusal(tokens, issuer.token(kid="new"))
    assert len(issuer.asked) == 2

    tokens._tried_at -= RETRY_S
    assert await tokens.claims(issuer.token(kid="new"))
    assert "no key" in await refusal(tokens, before)
    assert len(issuer.asked) == 4


async def test_known_keys_count_while_the_issuer_is_away() -> None:
    """What cannot be known is no refusal, but 503: it may be known later."""
    issuer = Issuer()
    issuer.rotate(old="ES256")
    async with serving(issuer) as port:
        tokens = tokens_of(issuer)
        await tokens.claims(issuer.token())
    old = issuer.token()
    issuer.rotate(new="ES256")
    tokens._tried_at = NEVER

    with pytest.raises(Retryable, match="issuer: "):
        await tokens.claims(issuer.token(kid="new"))
    assert await tokens.claims(old)

    async with serving(issuer, port):
        tokens._tried_at = NEVER
        assert await tokens.claims(issuer.token(kid="new"))


@pytest.mark.parametrize(
    ("path", "document", "says"),
    [
        (DISCOVERY, {"issuer": "https://login.example"}, "document is of 'https://login.example'"),
        (DISCOVERY, {"jwks_uri": "http://keys.example/keys"}, "expected https://"),
        (DISCOVERY, {"jwks_uri": None}, "expected https://"),
        (DISCOVERY, b"[]", "no JSON object"),
        ("/keys", {"keys": []}, "no key for RS256"),
        ("/keys", {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "rsa"}]}, "no key for RS256"),
        ("/keys", b"<html>", "Expecting value"),
        ("/keys", b"[" * 100_000, "recursion"),
        ("/keys", b" " * 1_000_001, "more than 1000000 bytes"),
    ],
)
async def test_what_is_no_answer_of_the_issuer_changes_no_key(
    issuer: Issuer, path: str, document: Any, says: str
) -> None:
    """A proxy's page, an empty list, another's document: the keys that are known stay."""
    tokens = tokens_of(issuer)
    await tokens.claims(issuer.token())
    before = issuer.documents[path]
    issuer.documents[path] = {**before, **document} if isinstance(document, dict) else document
    tokens._tried_at = NEVER

    await tokens.refresh()

    assert says in str(tokens._away)
    assert await tokens.claims(issuer.token())


@pytest.mark.parametrize(
    "wrong",
    [{"use": "enc"}, {"key_ops": ["sign"]}, {"kid": 7}, {"alg": "RS512"}, {"kty": "EC"}],
)
async def test_a_key_for_something_else_verifies_nothing(
    issuer: Issuer, wrong: dict[str, Any]
) -> None:
    """For encryption, for signing only, of another kind, or without a name that can be one."""
    (served,) = [key for key in issuer.documents["/keys"]["keys"] if key["kid"] == "rsa"]
    served.update(wrong)

    assert "no key" in await refusal(tokens_of(issuer), issuer.token(kid="rsa"))


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    """A certificate for loopback that signs itself, and its key, in one file."""
    key, now = private_key("ES256"), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")])
    hosts = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(hosts, critical=False)
        .sign(key, hashes.SHA256())
    )
    kept = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = tmp_path / "both.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + kept)
    return file


async def test_an_issuer_is_who_its_certificate_says(pem: Path) -> None:
    """One that no authority of ours has signed is as good as away; a plant may have its own."""
    issuer, tls = Issuer(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    issuer.rotate(ec="ES256")
    async with serving(issuer, tls=tls):
        with pytest.raises(Retryable, match="certificate"):
            await tokens_of(issuer).claims(issuer.token())

        assert await tokens_of(issuer, ca_file=pem).claims(issuer.token())


async def test_keys_are_there_before_the_first_token(issuer: Issuer) -> None:
    """They are fetched at start and kept fresh, so that nobody waits for them."""
    tokens = tokens_of(issuer)
    running = asyncio.create_task(tokens.run())
    while not tokens._keys:
        await asyncio.sleep(0.01)
    running.cancel()

    assert await tokens.claims(issuer.token())
    assert issuer.asked == [DISCOVERY, "/keys"]


async def test_many_tokens_with_a_new_key_ask_the_issuer_once(issuer: Issuer) -> None:
    """They wait for the same answer."""
    tokens = tokens_of(issuer)

    await asyncio.gather(*(tokens.claims(issuer.token()) for _ in range(50)))

    assert issuer.asked == [DISCOVERY, "/keys"]


async def test_that_an_issuer_is_away_is_said_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And once more when it is back; with how many keys there are meanwhile."""
    configure_logs("test", Telemetry())
    issuer = Issuer()
    issuer.rotate(ec="ES256")
    async with serving(issuer) as port:
        tokens = tokens_of(issuer)
    for _ in range(3):
        tokens._tried_at = NEVER
        await tokens.refresh()
    async with serving(issuer, port):
        tokens._tried_at = NEVER
        await tokens.refresh()

    said = capsys.readouterr().err
    assert (said.count("issuer_lost"), said.count("issuer_recovered")) == (1, 1)


async def test_an_issuer_that_fails_is_away(issuer: Issuer) -> None:
    """A status that is none of success is no document."""
    issuer.status = 500

    with pytest.raises(Retryable, match="500"):
        await tokens_of(issuer).claims(issuer.token())


async def test_a_key_whose_private_part_is_published_verifies_nothing(issuer: Issuer) -> None:
    """Whoever reads the keys could sign with it."""
    made = jwt.get_algorithm_by_name("RS256").to_jwk(issuer.private["rsa"][1], as_dict=True)
    del made["key_ops"]
    issuer.documents["/keys"]["keys"] = [{**made, "kid": "rsa"}, issuer.public("ec")]

    assert "no key" in await refusal(tokens_of(issuer), issuer.token(kid="rsa"))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "....", "é.é.é"])
async def test_what_is_no_token_is_refused(issuer: Issuer, token: str) -> None:
    """Without asking anybody."""
    assert "neither a JSON Web Token nor an API key" in await refusal(tokens_of(issuer), token)

    assert issuer.asked == []


async def test_a_token_longer_than_any_is_not_looked_at(issuer: Issuer) -> None:
    """Even if it were good."""
    token = issuer.token(padding="x" * 16_384)

    assert "longer than" in await refusal(tokens_of(issuer), token)


@pytest.mark.parametrize(
    "header", [{"alg": ["RS256"]}, {"alg": {}}, {"kid": "rsa"}, {"alg": "RS256", "kid": 7}, []]
)
async def test_a_header_that_makes_no_sense_is_refused(issuer: Issuer, header: Any) -> None:
    """One line for the caller, never a bug of ours."""
    await refusal(tokens_of(issuer), f"{_part(header)}.{_part(issuer.claims())}.c2ln")


async def test_a_header_nested_beyond_reason_is_refused(issuer: Issuer) -> None:
    """The parser's recursion ends in a refusal."""
    deep = base64.urlsafe_b64encode(b'{"alg":' + b"[" * 9000).rstrip(b"=").decode()

    await refusal(tokens_of(issuer), f"{deep}.e30.c2ln")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
MEMBERS = st.sampled_from(["kty", "alg", "use", "kid", "key_ops", "n", "e", "x", "y", "crv"])
WORDS = st.sampled_from(["RSA", "EC", "OKP", "RS256", "sig", "P-256", "AQAB", "verify"])


@given(st.lists(JSON | st.dictionaries(MEMBERS, JSON | WORDS), max_size=6))
def test_whatever_stands_among_the_keys_ends_nothing(keys: list[Any]) -> None:
    """Keys of a kind that we do not know may be there (RFC 7517, 5)."""
    for (kid, _), key in _usable(keys):
        assert kid is None or isinstance(kid, str)
        assert isinstance(key, jwt.PyJWK)


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
