"""moto's S3, brought nearer to S3: bucket policies, and versions while versioning is suspended.

moto compares a policy with the plain action of a request and knows no conditions, and where
versioning is suspended it forgets every version that there was.
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

# What a version that is named in the request makes of an action.
_OF_A_VERSION = {
    "s3:GetObject": "s3:GetObjectVersion",
    "s3:DeleteObject": "s3:DeleteObjectVersion",
}
# Within a DeleteObjects request, which tells of each key by itself: those whose versions are named.
_versions_named: ContextVar[frozenset[str] | None] = ContextVar("_versions_named", default=None)


@contextmanager
def nearer_to_s3() -> Iterator[None]:
    """Put our classes and methods in place of moto's own, until the end."""
    from moto.s3 import models, responses  # after the environment

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
    from moto.iam.access_control import PermissionResult  # after the environment
    from moto.s3.exceptions import S3AccessDeniedError  # as above

    class FakeBucket(original):  # type: ignore[misc]  # mypy knows no class as a value
        """Its policy counts as S3's does, and its versions stay while versioning is suspended.

        The local endpoint has no TLS, and stands for one that has.
        """

        @property
        def is_versioned(self) -> bool:
            return self.versioning_status in {"Enabled", "Suspended"}

        def get_permission(self, action: str, resource: str) -> PermissionResult:
            request = Request("", _action(action, resource), resource, _context())
            if denies(self.policy, request) or _is_anothers(self.account_id):
                if _versions_named.get() is None:  # moto's own answer would have no code
                    raise S3AccessDeniedError
                return PermissionResult.DENIED
            return PermissionResult.PERMITTED if self.policy else PermissionResult.NEUTRAL

    return FakeBucket


def _key_class(original: Any) -> Any:  # moto's own
    class FakeKey(original):  # type: ignore[misc]  # as above
        """Its ETag is computed before others see the object: moto's lazy one is not thread-safe."""

        def __init__(self, *args: Any, **options: Any) -> None:  # moto's, passed on
            super().__init__(*args, **options)
            self._etag = self.etag.strip('"')

    return FakeKey


def _context() -> dict[str, str | None]:
    """The condition keys of the present request; the local endpoint stands for one with TLS."""
    from flask import has_request_context, request  # loaded by moto's server

    conditional = request.headers.get("If-None-Match") if has_request_context() else None
    return {"aws:securetransport": "true", "s3:if-none-match": conditional}


def _is_anothers(account_id: str) -> bool:
    """Whether the request asks for a bucket of another account than this one's."""
    from flask import has_request_context, request  # loaded by moto's server

    expected = request.headers.get("x-amz-expected-bucket-owner") if has_request_context() else None
    return expected not in {None, account_id}


def _authorize(original: Callable[..., Any]) -> Callable[..., Any]:
    """What is asked of a bucket itself meets its policy and its owner, too."""

    @wraps(original)
    def authorize(
        self: Any, bucket_name: str | None = None, key_name: str | None = None
    ) -> None:  # moto's own
        from moto.s3.exceptions import S3ClientError  # after the environment

        original(self, bucket_name=bucket_name, key_name=key_name)
        if bucket_name is None or key_name is not None:
            return  # of an object moto asks by itself
        try:
            bucket = self.backend.get_bucket(bucket_name)
        except S3ClientError:
            return  # there is none, which whoever asks is told next
        bucket.get_permission(f"s3:{self.data['Action']}", f"arn:aws:s3:::{bucket_name}")

    return authorize


def _action(action: str, resource: str) -> str:
    """The action as S3 has it: HEAD is a kind of GET, and a version has actions of its own."""
    from flask import has_request_context, request  # loaded by moto's server

    action = "s3:GetObject" if action == "s3:HeadObject" else action
    key = resource.partition("/")[2]
    named = has_request_context() and "versionId" in request.args
    named = named or key in (_versions_named.get() or ())
    return _OF_A_VERSION.get(action, action) if named else action


def _delete_keys(original: Callable[..., Any]) -> Callable[..., Any]:
    """DeleteObjects asks the policy about versions where it names some."""

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
    """The encryption of new objects that is blocked is told, too: moto takes it and forgets it."""

    @wraps(original)
    def get_bucket_encryption(self: Any) -> Any:  # moto's own
        status, headers, body = original(self)
        rule = self.backend.get_bucket_encryption(self.bucket_name)["Rule"]
        types = (rule.get("BlockedEncryptionTypes") or {}).get("EncryptionType", [])
        texts = "".join(f"<EncryptionType>{each}</EncryptionType>" for each in _listed(types))
        blocked = f"<BlockedEncryptionTypes>{texts}</BlockedEncryptionTypes>" if texts else ""
        return status, headers, body.replace("</Rule>", f"{blocked}</Rule>")

    return get_bucket_encryption


def _listed(value: Any) -> list[Any]:  # one element of XML is no list
    return value if isinstance(value, list) else [value]


def _put_object(original: Callable[..., Any]) -> Callable[..., Any]:
    """While versioning is suspended a write takes the place of the version "null", and no other."""

    @wraps(original)
    def put_object(
        self: Any, bucket_name: str, key_name: str, *args: Any, **options: Any
    ) -> Any:  # moto's own
        made = original(self, bucket_name, key_name, *args, **options)
        _take_null(self.get_bucket(bucket_name), key_name, made)
        return made

    return put_object


def _delete_object(original: Callable[..., Any]) -> Callable[..., Any]:
    """While versioning is suspended a deletion leaves a marker in the place of "null"."""

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
