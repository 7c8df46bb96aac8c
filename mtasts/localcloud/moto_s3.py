"""Corrections of moto's S3: bucket policies, and versions while versioning is suspended.

moto ignores the conditions of a bucket policy, and does not tell the action on an object from the
action on one of its versions. While versioning is suspended it deletes the versions of an object;
S3 keeps them.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any

from mtasts.rollout.resource_policy import Request, denies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from moto.iam.access_control import PermissionResult

# The action that S3 checks when the request names a version of the object.
_OF_A_VERSION = {
    "s3:GetObject": "s3:GetObjectVersion",
    "s3:DeleteObject": "s3:DeleteObjectVersion",
}
# Within a DeleteObjects request: the keys of which it names a version. None outside of one.
_versions_named: ContextVar[frozenset[str] | None] = ContextVar("_versions_named", default=None)


@contextmanager
def nearer_to_s3() -> Iterator[None]:
    """Replace classes and methods of moto's S3 within this context."""
    from moto.s3 import models, responses  # late: moto reads its environment when imported

    with ExitStack() as stack:
        for owner, name, made_of in (
            (models, "FakeBucket", _bucket_class),
            (models, "FakeKey", _key_class),
            (models.S3Backend, "put_object", _put_object),
            (models.S3Backend, "delete_object", _delete_object),
            (responses.S3Response, "_bucket_response_delete_keys", _delete_keys),
            (responses.S3Response, "get_bucket_encryption", _get_bucket_encryption),
            (responses.S3Response, "_authenticate_and_authorize_s3_action", _authorize),
        ):
            original = getattr(owner, name)
            stack.callback(setattr, owner, name, original)
            setattr(owner, name, made_of(original))
        yield


def _bucket_class(original: Any) -> Any:  # moto's own
    from moto.iam.access_control import PermissionResult  # late, as above
    from moto.s3.exceptions import S3AccessDeniedError  # late, as above

    class FakeBucket(original):  # type: ignore[misc]  # mypy knows no class as a value
        """A bucket whose policy is evaluated with its conditions, and that keeps its versions."""

        @property
        def is_versioned(self) -> bool:
            return self.versioning_status in {"Enabled", "Suspended"}

        def get_permission(self, action: str, resource: str) -> PermissionResult:
            request = Request("", _action(action, resource), resource, _context())
            if denies(self.policy, request) or _expects_other_owner(self.account_id):
                # Outside of DeleteObjects: moto's answer to DENIED has no error code.
                if _versions_named.get() is None:
                    raise S3AccessDeniedError
                return PermissionResult.DENIED
            return PermissionResult.PERMITTED if self.policy else PermissionResult.NEUTRAL

    return FakeBucket


def _key_class(original: Any) -> Any:  # moto's own
    class FakeKey(original):  # type: ignore[misc]  # as above
        """An object whose ETag is computed at once: moto computes it later, not thread-safely."""

        def __init__(self, *args: Any, **options: Any) -> None:  # moto's, passed on
            super().__init__(*args, **options)
            self._etag = self.etag.strip('"')

    return FakeKey


def _context() -> dict[str, str | None]:
    """The condition keys of the present request.

    ``aws:SecureTransport`` is always true, because the local endpoint, which has no TLS, stands for
    one that has.
    """
    from flask import has_request_context, request  # loaded by moto's server

    conditional = request.headers.get("If-None-Match") if has_request_context() else None
    return {"aws:securetransport": "true", "s3:if-none-match": conditional}


def _expects_other_owner(account_id: str) -> bool:
    """Whether the request expects another account as the bucket's owner than ``account_id``."""
    from flask import has_request_context, request  # loaded by moto's server

    expected = request.headers.get("x-amz-expected-bucket-owner") if has_request_context() else None
    return expected not in {None, account_id}


def _authorize(original: Callable[..., Any]) -> Callable[..., Any]:
    """Checks policy and owner for requests about a bucket as well; moto does so for objects."""

    @wraps(original)
    def authorize(
        self: Any, bucket_name: str | None = None, key_name: str | None = None
    ) -> None:  # moto's own
        from moto.s3.exceptions import S3ClientError  # late, as above

        original(self, bucket_name=bucket_name, key_name=key_name)
        if bucket_name is None or key_name is not None:
            return  # for requests about an object moto calls get_permission itself
        try:
            bucket = self.backend.get_bucket(bucket_name)
        except S3ClientError:
            return  # there is no such bucket: moto's answer says so next
        bucket.get_permission(f"s3:{self.data['Action']}", f"arn:aws:s3:::{bucket_name}")

    return authorize


def _action(action: str, resource: str) -> str:
    """The action that S3 checks: HeadObject needs s3:GetObject, and versions have own actions."""
    from flask import has_request_context, request  # loaded by moto's server

    action = "s3:GetObject" if action == "s3:HeadObject" else action
    key = resource.partition("/")[2]
    named = has_request_context() and "versionId" in request.args
    named = named or key in (_versions_named.get() or ())
    return _OF_A_VERSION.get(action, action) if named else action


def _delete_keys(original: Callable[..., Any]) -> Callable[..., Any]:
    """DeleteObjects, with s3:DeleteObjectVersion checked for keys of which it names a version."""

    @wraps(original)
    def delete_keys(self: Any, *args: Any, **options: Any) -> Any:  # moto's own
        import xmltodict  # loaded by moto's S3

        found = xmltodict.parse(self.body, force_list=("Object",))["Delete"].get("Object", [])
        named = frozenset(each["Key"] for each in found if each.get("VersionId"))
        token = _versions_named.set(named)
        try:
            return original(self, *args, **options)
        finally:
            _versions_named.reset(token)

    return delete_keys


def _get_bucket_encryption(original: Callable[..., Any]) -> Callable[..., Any]:
    """GetBucketEncryption, with BlockedEncryptionTypes, which moto stores but does not return."""

    @wraps(original)
    def get_bucket_encryption(self: Any) -> Any:  # moto's own
        status, headers, body = original(self)
        rule = self.backend.get_bucket_encryption(self.bucket_name)["Rule"]
        types = (rule.get("BlockedEncryptionTypes") or {}).get("EncryptionType", [])
        texts = "".join(f"<EncryptionType>{each}</EncryptionType>" for each in _listed(types))
        blocked = f"<BlockedEncryptionTypes>{texts}</BlockedEncryptionTypes>" if texts else ""
        return status, headers, body.replace("</Rule>", f"{blocked}</Rule>")

    return get_bucket_encryption


def _listed(value: Any) -> list[Any]:  # xmltodict gives a single element without a list
    return value if isinstance(value, list) else [value]


def _put_object(original: Callable[..., Any]) -> Callable[..., Any]:
    """PutObject: while versioning is suspended, it replaces the version "null" and no other."""

    @wraps(original)
    def put_object(
        self: Any, bucket_name: str, key_name: str, *args: Any, **options: Any
    ) -> Any:  # moto's own
        made = original(self, bucket_name, key_name, *args, **options)
        _take_null(self.get_bucket(bucket_name), key_name, made)
        return made

    return put_object


def _delete_object(original: Callable[..., Any]) -> Callable[..., Any]:
    """DeleteObject: while versioning is suspended, a delete marker replaces the version "null"."""

    @wraps(original)
    def delete_object(
        self: Any,  # moto's own
        bucket_name: str,
        key_name: str,
        version_id: str | None = None,
        **options: Any,  # moto's own
    ) -> Any:  # moto's own
        bucket = self.get_bucket(bucket_name)
        deleted = original(self, bucket_name, key_name, version_id, **options)
        if version_id is None and key_name in bucket.keys:
            _take_null(bucket, key_name, bucket.keys[key_name])
        return deleted

    return delete_object


def _take_null(bucket: Any, key_name: str, made: Any) -> None:  # moto's own
    if bucket.versioning_status != "Suspended":
        return
    made._version_id = "null"  # noqa: SLF001 - moto has no setter
    others = [each for each in bucket.keys.getlist(key_name) if each.version_id != "null"]
    bucket.keys.setlist(key_name, [*others, made])
