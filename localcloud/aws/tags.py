"""Tags as AWS lists them, and as programs write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.aws.edge_config import LOCAL_TAGS

if TYPE_CHECKING:
    from localcloud.provider.properties import Properties


def aws_tags(tags: Properties) -> list[Any]:
    """Tags as AWS's lists of key and value."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def program_tags(tags: Any) -> Properties:  # noqa: ANN401 - each service has its own tag type
    """The tags of the program in an AWS list, without the stand-in's own."""
    return {
        tag["Key"]: tag.get("Value", "") for tag in tags if not tag["Key"].startswith(LOCAL_TAGS)
    }
