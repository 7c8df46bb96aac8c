"""Names in a config: policy domains, MX patterns and the addresses that reports go to.

`names.parse_domain` accepts every host name. These parsers also refuse names that no public DNS or
certificate can have, and name the mistake that people usually make at that key.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import urlsplit

from mtasts.config.fields import FieldError, shown, text
from mtasts.config.mistakes import Mistake
from mtasts.findings import printable
from mtasts.names import TLSRPT_LABEL, DomainNameError, MxPattern, parse_domain
from mtasts.records import is_report_uri

# RFC 3986 without "#", and without what RFC 8460 section 3 wants percent-encoded in a rua: , ! ;
_URI = re.compile(r"[A-Za-z0-9._~:/?\[\]@$&'()*+=%-]+")
# Route 53's quota for the value of a TXT record.
_TXT_LIMIT = 4000
# At most 64 octets (RFC 5321 section 4.5.3.1.1).
_LOCAL_PART = re.compile(r"[A-Za-z0-9.!#$&'*+/=?^_`{|}~%-]{1,64}")


def policy_domain(value: object) -> str:
    """A domain that can carry an MTA-STS policy, as A-labels.

    Raises:
        FieldError: it is a wildcard, a name that is published for a domain, or too long for one.
    """
    written = text(value)
    if written.startswith("*."):
        raise FieldError(
            Mistake.DOMAIN_WILDCARD,
            f"{shown(written)} is a wildcard, but each mail domain needs its own entry",
            "list each domain that receives mail",
            clause="RFC 8461 section 3.4",
        )
    name = written if written.startswith("_") else _host("domain", written)
    if name.startswith(("_", "mta-sts.")):
        raise FieldError(
            Mistake.DOMAIN_IS_POLICY_HOST,
            f"{shown(written)} is the name of a policy host or of a record, not a mail domain",
            "write the mail domain itself, the part after the @ of its addresses",
            clause="RFC 8461 section 3.3",
        )
    # `_smtp._tls.` is the longest of the prefixes.
    if len(f"{TLSRPT_LABEL}.{name}") > 253:
        raise FieldError(
            Mistake.DOMAIN_TOO_LONG,
            f"{shown(name)} has {len(name)} characters: with _smtp._tls. the name would be longer "
            "than 253",
            "use a shorter domain",
            clause="RFC 1035 section 2.3.4",
        )
    return name


def delegation_zone(value: object) -> str:
    """The operator's name below which the CNAMEs of agencies lead, as A-labels."""
    return _host("domain", text(value))


def mx_pattern(value: object) -> MxPattern:
    """A host name of an MX record, or a wildcard over its left-most label."""
    written = text(value)
    wildcard = written.startswith("*.")
    name = _host("mx", written[2:] if wildcard else written, written)
    return MxPattern(name, wildcard)


class _NameMistakes(NamedTuple):
    """What may be wrong with a name, whatever it names."""

    invalid: Mistake
    not_a_name: Mistake
    single_label: Mistake
    address_literal: Mistake


_OF_DOMAIN = _NameMistakes(
    Mistake.DOMAIN_INVALID,
    Mistake.DOMAIN_NOT_A_NAME,
    Mistake.DOMAIN_SINGLE_LABEL,
    Mistake.DOMAIN_ADDRESS_LITERAL,
)
_OF_MX = _NameMistakes(
    Mistake.MX_INVALID,
    Mistake.MX_NOT_A_NAME,
    Mistake.MX_SINGLE_LABEL,
    Mistake.MX_ADDRESS_LITERAL,
)


def _host(kind: str, name: str, written: str | None = None) -> str:
    """The A-label spelling of ``name``; ``kind`` is domain or mx, ``written`` the whole value.

    Raises:
        FieldError: it is no public host name.
    """
    here = shown(written if written is not None else name)
    clause = "RFC 8461 section 3.2" if kind == "mx" else "RFC 8461 section 3.1"
    example = "mail1.example.gov" if kind == "mx" else "example.gov"
    of = _OF_MX if kind == "mx" else _OF_DOMAIN

    def refuse(mistake: Mistake, why: str, fix: str) -> FieldError:
        return FieldError(mistake, f"{here} {why}", fix, clause=clause)

    if _is_address(name):
        raise refuse(
            of.address_literal, "is an IP address", f"write the host's name, such as {example}"
        )
    if any(character in name for character in "/@: "):
        raise refuse(
            of.not_a_name,
            "is more than a host name",
            f"write the name alone, without scheme, port, preference or spaces: {example}",
        )
    try:
        parsed = parse_domain(name)
    except DomainNameError as error:
        why = printable(str(error), 160)
        raise refuse(
            of.invalid, f"is no host name: {why}", f"write a name like {example}"
        ) from error
    if "." not in parsed:
        if written is not None and written != name:
            raise refuse(
                Mistake.MX_WILDCARD_WIDE,
                "covers a whole top-level domain",
                "list the MX hosts one by one",
            )
        raise refuse(of.single_label, "has only one label", f"write the full name: {example}")
    if parsed.rpartition(".")[2].isdigit():
        raise refuse(
            of.invalid, "ends in a number, which no public host name does", f"write {example}"
        )
    return parsed


def _is_address(name: str) -> bool:
    bare = name.removeprefix("[").removesuffix("]")
    if bare[:5].lower() == "ipv6:":
        bare = bare[5:]
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        return False
    return True


def report_uri(value: object) -> str:
    """A ``mailto:`` or ``https:`` URI that can stand in a TLS-RPT record (RFC 8460 section 3).

    Raises:
        FieldError: it leads to no mailbox or web host, or cannot stand in a record.
    """
    written = text(value)
    scheme, colon, rest = written.partition(":")
    scheme = scheme.lower()
    clause = "RFC 8460 section 3"
    if not colon or scheme not in ("mailto", "https"):
        address = written if _fault("mailto", written) is None else "tlsrpt@reports.example.gov"
        raise FieldError(
            Mistake.REPORT_URI_SCHEME,
            f"{shown(written)} begins with neither mailto: nor https:",
            f"write mailto:{address} or https://reports.example.gov/tlsrpt",
            clause=clause,
        )
    if not _URI.fullmatch(rest):
        raise FieldError(
            Mistake.REPORT_URI_INVALID,
            f"{shown(written)} has characters that a TLS-RPT record cannot have",
            "percent-encode them (, is %2C, ! is %21, ; is %3B), or use another address",
            clause=clause,
        )
    fault = _fault(scheme, rest)
    if fault is None:
        return f"{scheme}:{rest}"
    bare = rest.lstrip("/")
    meant = f"mailto:{bare}" if scheme == "mailto" and _fault(scheme, bare) is None else None
    raise FieldError(
        Mistake.REPORT_URI_INVALID,
        f"no report can be sent to {shown(written)}: {printable(fault, 160)}",
        "write "
        f"{meant or 'mailto:tlsrpt@reports.example.gov or https://reports.example.gov/tlsrpt'}",
        clause=clause,
    )


class Mailbox(NamedTuple):
    """An e-mail address: what stands before the @, and the domain as A-labels."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


def mailbox(value: object) -> Mailbox:
    """The address of a mailbox that can stand in a TLS-RPT record after ``mailto:``.

    Raises:
        FieldError: it is no address, or one that a record cannot carry as it is.
    """
    written = text(value)
    bare = written[7:] if written[:7].lower() == "mailto:" else written
    local, _, domain = bare.rpartition("@")
    fault = _fault("mailto", bare) or ("?" in bare and "it has parameters after a ?") or None
    if fault is None and bare == written:
        return Mailbox(local, parse_domain(domain))
    raise FieldError(
        Mistake.REPORT_URI_INVALID,
        f"{shown(written)} is no mailbox: {printable(fault or 'mailto: is a URI', 160)}",
        f"write {bare if fault is None else 'tlsrpt@reports.example.gov'}",
        clause="RFC 8460 section 3",
    )


def _fault(scheme: str, rest: str) -> str | None:
    """Why ``scheme:rest`` is no URI that a report can be sent to, or None."""
    if not _URI.fullmatch(rest):
        return "it has characters that must be percent-encoded"
    try:
        _public_name(_mail_host(rest) if scheme == "mailto" else _web_host(f"{scheme}:{rest}"))
    except (DomainNameError, ValueError) as error:
        return str(error)
    if not is_report_uri(f"{scheme}:{rest}".encode("ascii")):
        return f"it is no {scheme}: URI (a slash before the @ is written %2F)"
    return None


def _mail_host(rest: str) -> str:
    """The host of a mail address, without its ``mailto:``.

    Raises:
        ValueError: it has no mailbox; the text is for the message.
    """
    local, at, host = rest.partition("?")[0].rpartition("@")
    if not at or not _LOCAL_PART.fullmatch(local):
        raise ValueError("there is no mailbox before the @")
    return host


def _web_host(uri: str) -> str:
    """The host of an ``https:`` URI.

    Raises:
        ValueError: it has a password, or no port that there is.
    """
    parts = urlsplit(uri)
    if parts.username is not None:
        raise ValueError("the record would publish its user name and password")
    if parts.port == 0:  # reading it also refuses what is no port at all
        raise ValueError("there is no port 0")
    return parts.hostname or ""


def _public_name(host: str) -> None:
    """Refuse a host that nobody elsewhere can reach.

    Raises:
        ValueError: it has one label, or is an address.
        DomainNameError: it is no name.
    """
    last = parse_domain(host).rpartition(".")
    if not last[1] or last[2].isdigit():
        raise ValueError(f"{host!r} is no public host name")


def fit_one_record(uris: list[str]) -> list[str]:
    """The addresses of reports, if one TXT record can hold them all.

    Raises:
        FieldError: they do not fit; the fix says what to list.
    """
    length = len("v=TLSRPTv1; rua=" + ",".join(uris))
    if length > _TXT_LIMIT:
        raise FieldError(
            Mistake.TOO_LONG,
            f"a TLS-RPT record with these addresses would have {length} characters",
            f"list fewer addresses: Route 53 allows {_TXT_LIMIT} characters in a TXT record",
            clause="RFC 8460 section 3",
        )
    return uris
