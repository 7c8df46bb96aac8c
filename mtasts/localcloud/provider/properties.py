"""Convert property values: ``google.protobuf.Struct`` to plain JSON values and back.

A value that a preview does not know yet is the text `UNKNOWN`, as the engine sends it, also inside
lists and objects. ``pulumi.runtime.rpc`` is not used, because it drops some of those.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf import json_format, struct_pb2

Properties = dict[str, Any]

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # a type tag of the protocol
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"


def decode(struct: struct_pb2.Struct) -> Properties:
    """The properties of a message; null members are left out, secrets are replaced by values."""
    return {key: value for key, raw in struct.fields.items() if (value := _decode(raw)) is not None}


def encode(properties: Properties) -> struct_pb2.Struct:
    """The message that has these properties."""
    return json_format.ParseDict(properties, struct_pb2.Struct())


def is_unknown(value: Any) -> bool:  # a property value is any JSON value
    """Whether a value, or anything inside it, is not known yet."""
    if isinstance(value, dict):
        return any(is_unknown(member) for member in value.values())
    if isinstance(value, list):
        return any(is_unknown(member) for member in value)
    return bool(value == UNKNOWN)


def is_asset(value: Any) -> bool:  # a property value is any JSON value
    """Whether a value is an asset."""
    return isinstance(value, dict) and value.get(_SIGNATURE) == _ASSET


def is_archive(value: Any) -> bool:  # a property value is any JSON value
    """Whether a value is an archive."""
    return isinstance(value, dict) and value.get(_SIGNATURE) == _ARCHIVE


def archive_files(archive: Properties) -> dict[str, bytes]:
    """The files of an archive of assets: content by path.

    Raises:
        ValueError: it is an archive of another kind, or has an asset of another kind.
        OSError: a file asset cannot be read.
    """
    if "assets" not in archive:
        raise ValueError("the local stand-in reads archives of assets only")
    return {name: asset_bytes(each) for name, each in sorted(archive["assets"].items())}


def asset_bytes(asset: Properties) -> bytes:
    """The content of a text asset or a file asset.

    Raises:
        ValueError: it is an asset of another kind.
        OSError: the file cannot be read.
    """
    if "text" in asset:
        return str(asset["text"]).encode()
    if "path" in asset:
        return Path(asset["path"]).read_bytes()
    raise ValueError("the local stand-in reads assets of text and of files only")


def _decode(value: struct_pb2.Value) -> Any:  # a property value is any JSON value
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _decode_object(decode(value.struct_value))
    if kind == "list_value":
        return [_decode(member) for member in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "string_value":
        return value.string_value
    if kind == "bool_value":
        return value.bool_value
    return None


def _decode_object(members: Properties) -> Any:  # a property value is any JSON value
    signature = members.get(_SIGNATURE)
    if signature == _SECRET:
        return members.get("value")
    if signature == _OUTPUT:
        return members.get("value", UNKNOWN)
    if signature == _RESOURCE:
        return members.get("id") or UNKNOWN
    return members
