"""Tags as lists, as AWS has them, and as mappings, as programs have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mtasts.localcloud.aws.edge_config import LOCAL_TAGS

if TYPE_CHECKING:
    from mtasts.localcloud.aws.session import Session
    from mtasts.localcloud.provider.properties import Properties


def aws_tags(tags: Properties) -> list[Any]:
    """A mapping of tags as AWS's list of ``Key`` and ``Value``, sorted by key."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def program_tags(tags: Any) -> Properties:  # each service has its own tag type
    """An AWS list of tags as a mapping, without the stand-in's own tags."""
    return {
        tag["Key"]: tag.get("Value", "") for tag in tags if not tag["Key"].startswith(LOCAL_TAGS)
    }


def live_tags(session: Session, inputs: Properties, found: Properties) -> Properties:
    """The inputs ``tags`` and ``tagsAll`` for the tags ``found`` on a resource.

    ``tagsAll`` has all of them; ``tags`` lacks the provider's default tags, unless the program gave
    the resource a tag with that key.
    """
    declared = inputs.get("tags", {})
    own = {
        key: value
        for key, value in found.items()
        if key in declared or session.default_tags.get(key) != value
    }
    return {"tags": own or None, "tagsAll": found}
