"""`libline config`: check the settings, or print a file with all of them to start from."""

import typer

from libline_fed.cli import settings_reference
from libline_fed.cli.output import show
from libline_fed.config import load_settings

commands = typer.Typer(help="Look at the settings.", no_args_is_help=True)


@commands.command("check")
def check() -> None:
    """Read all settings; every problem is listed at once, and the exit status is then 2."""
    settings = load_settings()
    show(f"The settings are usable. Base URL: {settings.base_url}")


@commands.command("example")
def example() -> None:
    """Print a libline.toml with every setting, its default and what it does."""
    show(settings_reference.example_file().rstrip("\n"))
