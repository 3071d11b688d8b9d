"""Opens the door of a service: who may, what was done, kept in the service's own store."""

from collections.abc import Sequence
from typing import Any, Protocol

from isthmus.runtime.access import Access
from isthmus.runtime.app import Application
from isthmus.runtime.door.answers import MongoAnswers
from isthmus.runtime.door.audit import MongoAudit
from isthmus.runtime.door.bodies import Bodies
from isthmus.runtime.door.conditions import Conditions, conditional, conditioned
from isthmus.runtime.door.identities import serve_identities
from isthmus.runtime.door.keys import MongoKeys
from isthmus.runtime.door.log import serve_audit
from isthmus.runtime.door.once import Once, described
from isthmus.runtime.door.tenants import MongoTenants
from isthmus.runtime.guard import protect
from isthmus.runtime.openapi import routes


class Kept(Protocol):
    """What needs its collections made ready before anything is read or written."""

    async def prepare(self) -> None:
        """Make the indexes; idempotent."""


def open_door(app: Application, settings: Access, database: Any) -> Sequence[Kept]:
    """Serve identities, keys, tenants and the audit log, and let nobody past unknown.

    Comes after the last route of `app`; what it returns is to be prepared before the service runs.
    """
    keys, tenants = MongoKeys(database), MongoTenants(database)
    audit = MongoAudit(database, settings.audit_retention_s)
    serve_identities(app.http, settings, keys, tenants)
    serve_audit(app.http, audit)
    answers = MongoAnswers(database)
    known = conditioned(app.http)
    app.http.add_middleware(Bodies, known=routes(app.http))
    app.http.add_middleware(Conditions, known=known, locks=answers)
    app.http.add_middleware(Once, kept=answers)
    changes = [described, conditional(known)]
    protect(app, settings, audit=audit, keys=keys, tenants=tenants, changes=changes)
    return keys, audit, answers
