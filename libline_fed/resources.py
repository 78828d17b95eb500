"""Finds the folders that ship beside the code: in a wheel below `_data`, in a checkout beside the package."""

from functools import cache
from importlib.resources import files
from pathlib import Path


@cache
def data_dir(name: str) -> Path:
    """Return the folder `templates` or `migrations`, wherever this installation keeps it.

    Raises: FileNotFoundError when the installation is broken.
    """
    package = Path(str(files("libline_fed")))
    for candidate in (package / "_data" / name, package.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"the folder {name!r} is missing from this installation")
