"""Tags as AWS lists them, and as programs write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtasts.localcloud.aws.edge_config import LOCAL_TAGS

if TYPE_CHECKING:
    from mtasts.localcloud.aws.session import Session
    from mtasts.localcloud.provider.properties import Properties


def aws_tags(tags: Properties) -> list[Any]:
    """Tags as AWS's lists of key and value."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def program_tags(tags: Any) -> Properties:  # each service has its own tag type
    """The tags of the program in an AWS list, without the stand-in's own."""
    return {
        tag["Key"]: tag.get("Value", "") for tag in tags if not tag["Key"].startswith(LOCAL_TAGS)
    }


def live_tags(session: Session, inputs: Properties, found: Properties) -> Properties:
    """The tags of a resource as inputs: its own in ``tags``, with the provider's in ``tagsAll``."""
    declared = inputs.get("tags", {})
    own = {
        key: value
        for key, value in found.items()
        if key in declared or session.default_tags.get(key) != value
    }
    return {"tags": own or None, "tagsAll": found}
