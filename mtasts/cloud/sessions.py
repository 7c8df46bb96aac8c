"""botocore's sessions, for calls to AWS and to R2, whose API is that of S3.

To make a client, botocore reads the models of its service from files. The readers here return the
same models in half the processor time; botocore has an interface for such readers.
"""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.loaders import JSONFileLoader, Loader
from botocore.session import Session
from msgspec.json import decode

if TYPE_CHECKING:
    from collections.abc import Mapping


def new_session(profile: str | None = None) -> Session:
    """A session with the credentials of ``profile``, or else those that botocore finds.

    Raises:
        ProfileNotFound: there is no such profile.
    """
    session = Session(profile=profile)
    loader = service_models(session.get_config_variable("data_path"))
    session.register_component("data_loader", loader)
    return session


def service_models(search_path: str | None) -> Loader:
    """The models of AWS's services; ``search_path`` is that of ``AWS_DATA_PATH``.

    Each session has its own models: botocore changes them when it makes a client, and only the
    clients of one session are made one after the other.
    """
    paths = search_path.split(os.pathsep) if search_path else []
    found = [str(Path(os.path.expandvars(path)).expanduser()) for path in paths]
    return _Models(extra_search_paths=found, file_loader=_ModelFiles())


class _ModelFiles(JSONFileLoader):
    """Reads files of models with a parser that is written in C."""

    def load_file(self, file_path: str) -> Mapping[str, Any] | None:
        """The content of a file, whose path is given without its ending; None if it is missing."""
        for path, opened in ((f"{file_path}.json", open), (f"{file_path}.json.gz", gzip.open)):
            if Path(path).is_file():
                with opened(path, "rb") as file:
                    found: Mapping[str, Any] = decode(file.read())
                    return found
        return None


class _Models(Loader):
    """botocore's finder of models, without its look into every folder of every service."""

    def list_available_services(self, type_name: str) -> list[str]:
        """The services that have a model of any type; reading a type that is missing fails."""
        del type_name
        folders = (Path(path) for path in self.search_paths)
        return sorted(
            {each.name for folder in folders if folder.is_dir() for each in folder.iterdir()}
        )
