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
        """Make it; one of that name in the account is refused as the API does."""
        body = {"name": inputs["name"], "locationHint": inputs.get("location", "")}
        session.call("POST", f"/accounts/{inputs['accountId']}/r2/buckets", body)
        return str(inputs["name"])

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """An import's id is ``ACCOUNT/NAME/JURISDICTION``, of which the last is ``default``."""
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
        """Delete it; one that holds objects or is gone is an error, as with the real provider."""
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
    # Also the rules: the real provider has no update of them (schema.go, RequiresReplace).
    replaces: ClassVar[frozenset[str]] = frozenset(modelled)

    def create(self, session: Session, inputs: Properties) -> str:
        """Write all rules, over those that are there."""
        session.call("PUT", _lifecycle(inputs), {"rules": inputs["rules"]})
        return str(inputs["bucketName"])

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """The rules can drift; there is no import."""
        if not inputs:
            raise RefusedError("NotSupported", f"{self.token} cannot be imported")
        del identity
        found = session.get(_lifecycle(inputs))
        return None if found is None else Live({**inputs, "rules": found["rules"]})

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Nothing, as with the real provider: the rules stay as long as the bucket."""


def _lifecycle(inputs: Properties) -> str:
    return f"/accounts/{inputs['accountId']}/r2/buckets/{inputs['bucketName']}/lifecycle"
