"""What SNMP agents want to hear: communities, and users of the User-based Security Model."""

from typing import Annotated, Any, Literal, Self

from gufo.snmp import (
    Aes128Key,
    Aes192Key,
    Aes256Key,
    BaseAuthKey,
    BasePrivKey,
    KeyExpansion,
    Sha1Key,
    Sha224Key,
    Sha256Key,
    Sha384Key,
    Sha512Key,
    User,
)
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    SecretStr,
    Tag,
    model_validator,
)

# RFC 3414, 7860 (authentication); 3826, and draft-blumenthal-aes-usm for longer keys (privacy).
AUTH_KEYS: dict[str, type[BaseAuthKey]] = {
    "sha1": Sha1Key,
    "sha224": Sha224Key,
    "sha256": Sha256Key,
    "sha384": Sha384Key,
    "sha512": Sha512Key,
}
PRIV_KEYS: dict[str, type[BasePrivKey]] = {
    "aes128": Aes128Key,
    "aes192": Aes192Key,
    "aes256": Aes256Key,
}
EXPANSIONS = {"blumenthal": KeyExpansion.Blumenthal, "cisco": KeyExpansion.Cisco}


class Community(BaseModel):
    """What versions 1 and 2c ask for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    community: SecretStr


class Usm(BaseModel):
    """A user of the User-based Security Model (RFC 3414): authenticated, mostly encrypted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: str = Field(min_length=1, max_length=32)
    auth_protocol: Literal["sha1", "sha224", "sha256", "sha384", "sha512"]
    auth_key: SecretStr = Field(min_length=8)
    """Passphrase; RFC 3414, 11.2 asks for eight characters at least."""
    priv_protocol: Literal["aes128", "aes192", "aes256"] | None = None
    priv_key: SecretStr | None = Field(default=None, min_length=8)
    key_expansion: Literal["blumenthal", "cisco"] = "blumenthal"
    """How a hash that is shorter than the AES key is made longer; Cisco has a way of its own."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.priv_protocol is None) != (self.priv_key is None):
            raise ValueError("priv_protocol and priv_key: expected both, or none (authNoPriv)")
        return self


Credential = Community | Usm


def _kind(fields: Any) -> str:
    return "usm" if isinstance(fields, dict) and "user" in fields else "community"


class AnyCredential(RootModel[Credential]):
    """A community or a user, told apart by the field `user`."""

    root: Annotated[
        Annotated[Community, Tag("community")] | Annotated[Usm, Tag("usm")], Discriminator(_kind)
    ]


def user(usm: Usm) -> User:
    """The user as gufo-snmp wants it."""
    priv_key = None
    if usm.priv_protocol is not None and usm.priv_key is not None:
        priv_key = PRIV_KEYS[usm.priv_protocol](usm.priv_key.get_secret_value().encode())
    return User(
        usm.user,
        auth_key=AUTH_KEYS[usm.auth_protocol](usm.auth_key.get_secret_value().encode()),
        priv_key=priv_key,
        key_expansion=EXPANSIONS[usm.key_expansion],
    )
