"""Finds the folders that ship beside the code: in a wheel below `_data`, in a checkout beside the package."""

from functools import cache
from importlib.resources import files
from pathlib import Path


@cache
def data_dir(name: str) -> Path:
    """Return the folder `templates`, `migrations` or `docs`, wherever this installation keeps it.

    Of the documents a wheel has only those that pages serve.

    Raises: FileNotFoundError when the installation is broken.
    """
    package = Path(str(files("libline_fed")))
    for candidate in (package / "_data" / name, package.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"the folder {name!r} is missing from this installation")
