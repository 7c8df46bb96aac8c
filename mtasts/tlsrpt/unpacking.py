"""The bytes of a report file: JSON, or gzip of it (RFC 8460 section 5.2), all members of it."""

from __future__ import annotations

import zlib

from mtasts.errors import MtaStsError

# RFC 8460 section 5.2 says that some receivers accept 10 MB.
COMPRESSED_MAX_BYTES = 10 * 1024 * 1024
INFLATED_MAX_BYTES = 20 * 1024 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGIC = b"PK\x03\x04"
# What mail software leaves at the end of an attachment (Mimecast writes CRLF).
_PADDING = b"\r\n\t \x00"


class ReportError(MtaStsError):
    """The report cannot be read: nothing in it counts, and it may hide failures."""


class OtherFormatError(ReportError):
    """The file is of a format that no TLS report has, so it hides nothing."""


def unpack(raw: bytes) -> bytes:
    """The JSON text in a report file, at most `INFLATED_MAX_BYTES` long.

    Raises:
        OtherFormatError: it is XML, as DMARC reports are.
        ReportError: it is too large, cut off, or packed otherwise.
    """
    if raw.startswith(_ZIP_MAGIC):
        raise ReportError("it is a zip archive: take the reports out of it")
    text = _inflate(raw) if raw.startswith(_GZIP_MAGIC) else raw
    if len(text) > INFLATED_MAX_BYTES:
        raise ReportError(f"it is larger than {INFLATED_MAX_BYTES} bytes")
    if text.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<?xml"):
        raise OtherFormatError("it is XML, so it is no TLS report")
    return text


def _inflate(raw: bytes) -> bytes:
    """Every member of a gzip file; what follows the last one is not cut off silently."""
    if len(raw) > COMPRESSED_MAX_BYTES:
        raise ReportError(f"it is larger than {COMPRESSED_MAX_BYTES} bytes")
    whole = bytearray()
    while raw:
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            whole += member.decompress(raw, INFLATED_MAX_BYTES + 1 - len(whole))
        except zlib.error as error:
            raise ReportError(f"it cannot be inflated: {error}") from error
        if len(whole) > INFLATED_MAX_BYTES:
            raise ReportError(f"it inflates to more than {INFLATED_MAX_BYTES} bytes")
        if not member.eof:
            raise ReportError("it is cut off: the gzip stream has no end")
        raw = member.unused_data.lstrip(_PADDING)
    return bytes(whole)
