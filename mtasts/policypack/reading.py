"""Reads single resources of AWS and Cloudflare: DNS records, policy bodies, policy hosts."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, NamedTuple

from mtasts.names import POLICY_LABEL
from mtasts.policypack.resources import NotKnownError
from mtasts.records import PresentationError, parse_presentation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.policypack.resources import Resource

ROUTE53_RECORD = "aws:route53/record:Record"
RECORDS = frozenset(
    {
        ROUTE53_RECORD,
        "cloudflare:index/dnsRecord:DnsRecord",
        "cloudflare:index/record:Record",
    }
)
OBJECTS = frozenset(
    {
        "aws:s3/bucketObject:BucketObject",
        "aws:s3/bucketObjectv2:BucketObjectv2",
    }
)
# Resource types of scripts, and the input that holds the source.
SCRIPTS = {
    "aws:cloudfront/function:Function": "code",
    "cloudflare:index/workersScript:WorkersScript": "content",
    "cloudflare:index/workerScript:WorkerScript": "content",
}
# Stores that a script reads a policy from; the input holds the policy itself.
KEY_VALUES = {
    "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey": "value",
    "cloudflare:index/workersKv:WorkersKv": "value",
}
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
# Resource types that lead a host name to a Worker, and the input that has the host name.
WORKER_NAMES = {
    "cloudflare:index/workersCustomDomain:WorkersCustomDomain": "hostname",
    "cloudflare:index/workersDomain:WorkersDomain": "hostname",
    "cloudflare:index/workerDomain:WorkerDomain": "hostname",
    "cloudflare:index/workersRoute:WorkersRoute": "pattern",
    "cloudflare:index/workerRoute:WorkerRoute": "pattern",
}
ADDRESS_TYPES = frozenset({"A", "AAAA", "CNAME"})
_FILE = "mta-sts.txt"
_KEY = f".well-known/{_FILE}"
_LITERAL = re.compile(
    r""" "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' | `(?:[^`\\]|\\.)*` """, re.VERBOSE | re.DOTALL
)
_ESCAPE = re.compile(
    r"\\(?:u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2})|(.))", re.DOTALL
)
_SHORT = {"n": "\n", "r": "\r", "t": "\t", "\n": "", "0": "\0", "b": "\b", "f": "\f", "v": "\v"}


class DnsRecord(NamedTuple):
    """A record set: ``owner`` in lower case without a trailing dot, as the program wrote it."""

    owner: str
    type: str
    values: tuple[str, ...]


def dns_record(resource: Resource) -> DnsRecord:
    """A resource whose type is in `RECORDS`, as a record set; a Route 53 alias has no values.

    Raises:
        NotKnownError: type, name or values are not known yet.
    """
    type_, owner = resource.text("type").upper(), owner_of(resource)
    if resource.type == ROUTE53_RECORD:
        values = [str(each) for each in resource.items("records")]
    else:
        values = [resource.text("content") or resource.text("value")]
    return DnsRecord(owner, type_, tuple(values))


def owner_of(resource: Resource) -> str:
    """The name of a record set, in lower case without a trailing dot.

    Raises:
        NotKnownError: the name is not known yet.
    """
    return resource.text("name").lower().removesuffix(".")


def txt_value(value: str) -> bytes:
    """The text of a TXT value as programs write it: in quotes or not, in one string or several."""
    quoted = value if value.startswith('"') else f'"{value}"'
    try:
        return b"".join(parse_presentation(quoted, string_max=None))
    except PresentationError:
        return value.encode("utf-8", "surrogatepass")


def txt_at(resource: Resource, label: str) -> Iterator[bytes]:
    """The TXT texts of a record set whose name begins with ``label``.

    Raises:
        NotKnownError: type, name or values are not known yet.
    """
    if resource.type in RECORDS and resource.text("type").upper() == "TXT":
        owner = owner_of(resource)
        if owner == label or owner.startswith(f"{label}."):
            yield from map(txt_value, dns_record(resource).values)


def is_object(resource: Resource) -> bool:
    """Whether ``resource`` is an S3 object that holds a policy, by its key.

    Raises:
        NotKnownError: the key is not known yet.
    """
    return resource.type in OBJECTS and resource.text("key").endswith(_FILE)


def has_right_path(resource: Resource) -> bool:
    """Whether the key of a policy's object ends in the path of RFC 8461 section 3.3."""
    key = resource.text("key")
    return key == _KEY or (key.endswith(f"/{_KEY}") and not key.startswith("/"))


def is_body(resource: Resource) -> bool:
    """Whether ``resource`` holds a policy: an S3 object by its key, all else by its text.

    Raises:
        NotKnownError: key or text is not known yet.
    """
    if resource.type in SCRIPTS:
        return "STSv1" in resource.text(SCRIPTS[resource.type])
    if resource.type in KEY_VALUES:
        return "STSv1" in resource.text(KEY_VALUES[resource.type])
    return is_object(resource)


def policy_body(resource: Resource) -> bytes:
    """The bytes of the policy that a resource holds.

    Raises:
        NotKnownError: the bytes are not known yet, or cannot be read from a script's source.
    """
    if resource.type in SCRIPTS:
        return _in_script(resource.text(SCRIPTS[resource.type]))
    if resource.type in KEY_VALUES:
        return resource.text(KEY_VALUES[resource.type]).encode()
    source = resource.value("source")
    if isinstance(source, bytes):
        return source
    if encoded := resource.text("contentBase64"):
        try:
            return base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise NotKnownError("contentBase64 is no Base64") from None
    content = resource.value("content")
    if not isinstance(content, str):
        raise NotKnownError("the file with the object's content cannot be read")
    return content.encode("utf-8", "surrogatepass")


def _in_script(script: str) -> bytes:
    """The only string literal of a JavaScript source that is a whole policy.

    Raises:
        NotKnownError: the source has no such literal, or several, or one with ``${...}``.
    """
    texts = {_unescape(each[0][1:-1]) for each in _LITERAL.finditer(script)}
    found = [each for each in texts if "STSv1" in each and "\n" in each.strip()]
    # A template with ${...} is filled in when the script runs, so its text is not the policy.
    if len(found) != 1 or "${" in found[0]:
        raise NotKnownError("which policy the script serves cannot be read from its source")
    return found[0].encode("utf-8", "surrogatepass")


def _unescape(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        code = match[1] or match[2] or match[3]
        if code is None:
            return _SHORT.get(match[4], match[4])
        number = int(code, 16)
        return chr(number) if number <= 0x10FFFF else match[0]

    return _ESCAPE.sub(one, text)


def policy_hosts(resource: Resource) -> tuple[str, ...]:
    """The policy hosts of a distribution, or of a Worker's custom domain or route.

    Raises:
        NotKnownError: the host names are not known yet.
    """
    if resource.type == DISTRIBUTION:
        names = [str(each) for each in resource.items("aliases")]
    elif resource.type in WORKER_NAMES:
        # The pattern of a route is a host name and a path.
        names = [resource.text(WORKER_NAMES[resource.type]).partition("/")[0]]
    else:
        return ()
    hosts = (each.lower().removesuffix(".") for each in names)
    return tuple(each for each in hosts if each.startswith(f"{POLICY_LABEL}."))
