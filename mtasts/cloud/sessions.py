"""botocore's sessions, through which AWS is called, and R2, whose API is that of S3.

A client begins with models of its service, which botocore reads from files. The readers here give
the same models in half the processor time, by the interface that botocore has for others' readers.
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

    Each session has its own: making a client writes into what was read, and only the clients of one
    session are made one after the other.
    """
    paths = search_path.split(os.pathsep) if search_path else []
    found = [str(Path(os.path.expandvars(path)).expanduser()) for path in paths]
    return _Models(extra_search_paths=found, file_loader=_ModelFiles())


class _ModelFiles(JSONFileLoader):
    """The files of models, parsed in C."""

    def load_file(self, file_path: str) -> Mapping[str, Any] | None:
        """What a file says, which is named without its ending; None if there is none."""
        for path, opened in ((f"{file_path}.json", open), (f"{file_path}.json.gz", gzip.open)):
            if Path(path).is_file():
                with opened(path, "rb") as file:
                    found: Mapping[str, Any] = decode(file.read())
                    return found
        return None


class _Models(Loader):
    """botocore's finder of models, without its look into every folder of every service."""

    def list_available_services(self, type_name: str) -> list[str]:
        """The services that have any model: one without the wanted type fails as it is read."""
        del type_name
        folders = (Path(path) for path in self.search_paths)
        return sorted(
            {each.name for folder in folders if folder.is_dir() for each in folder.iterdir()}
        )
