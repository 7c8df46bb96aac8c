"""``cloudflare.R2Bucket`` and ``cloudflare.R2BucketLifecycle``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mtasts.localcloud.provider.resource import Live, RefusedError, Resource

if TYPE_CHECKING:
    from mtasts.localcloud.cloudflare.session import Session
    from mtasts.localcloud.provider.properties import Properties
    from mtasts.localcloud.provider.schema import Modelled


class R2Bucket(Resource):
    """A bucket of R2; the id is its name."""

    token: ClassVar[str] = "cloudflare:index/r2Bucket:R2Bucket"
    modelled: ClassVar[Modelled] = dict.fromkeys(("accountId", "location", "name"))
    replaces: ClassVar[frozenset[str]] = frozenset(modelled)
    computed: ClassVar[tuple[str, ...]] = ("creationDate", "jurisdiction", "storageClass")

    def create(self, session: Session, inputs: Properties) -> str:
        """Create it; the API refuses a name that the account has."""
        body = {"name": inputs["name"], "locationHint": inputs.get("location", "")}
        session.call("POST", f"/accounts/{inputs['accountId']}/r2/buckets", body)
        return str(inputs["name"])

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read all fields; an import's id is ``ACCOUNT/NAME/default``."""
        account, name = inputs.get("accountId", ""), identity
        if not inputs:
            account, _, rest = identity.partition("/")
            name = rest.partition("/")[0]
        found = session.get(f"/accounts/{account}/r2/buckets/{name}")
        if found is None:
            return None
        live = {"accountId": account, "location": found["location"] or None, "name": name}
        outputs = {
            "creationDate": found["creation_date"],
            "jurisdiction": found["jurisdiction"],
            "storageClass": found["storage_class"],
        }
        return Live(live, outputs)

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete it; the API refuses a bucket that has objects or does not exist."""
        del outputs
        session.call("DELETE", f"/accounts/{inputs['accountId']}/r2/buckets/{identity}")


class R2BucketLifecycle(Resource):
    """All lifecycle rules of a bucket; the id is the bucket's name."""

    token: ClassVar[str] = "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle"
    modelled: ClassVar[Modelled] = {
        "accountId": None,
        "bucketName": None,
        "rules": {
            "conditions": {"prefix": None},
            "deleteObjectsTransition": {"condition": {"maxAge": None, "type": None}},
            "enabled": None,
            "id": None,
        },
    }
    # A change of rules replaces as well: pulumi-cloudflare has no update (RequiresReplace in its
    # schema.go).
    replaces: ClassVar[frozenset[str]] = frozenset(modelled)

    def create(self, session: Session, inputs: Properties) -> str:
        """Write all rules, in place of those that the bucket has."""
        session.call("PUT", _lifecycle(inputs), {"rules": inputs["rules"]})
        return str(inputs["bucketName"])

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read the rules; an import is refused, as with pulumi-cloudflare."""
        if not inputs:
            raise RefusedError("NotSupported", f"{self.token} cannot be imported")
        del identity
        found = session.get(_lifecycle(inputs))
        return None if found is None else Live({**inputs, "rules": found["rules"]})

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """No-op, as with pulumi-cloudflare: the bucket keeps the rules."""


def _lifecycle(inputs: Properties) -> str:
    return f"/accounts/{inputs['accountId']}/r2/buckets/{inputs['bucketName']}/lifecycle"
