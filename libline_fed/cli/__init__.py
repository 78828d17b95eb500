"""The command `libline`: one file per command group, thin over the services."""

import sys
from collections.abc import Sequence

import structlog

from libline_fed.cli import commands
from libline_fed.cli.log import set_up_logging
from libline_fed.cli.output import ExitCode, complain, exit_code_of
from libline_fed.config import SettingsError
from libline_fed.errors import InvalidInput, LibLineError

log = structlog.get_logger(__name__)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `libline` with these arguments (default: those of the process) and exit with its status."""
    set_up_logging(log_format="console", log_level="warning")
    try:
        commands.app(args=arguments, prog_name="libline")
    except SettingsError as error:
        complain("The settings cannot be used:")
        for problem in error.problems:
            complain(f"  {problem}")
        sys.exit(ExitCode.USAGE)
    except InvalidInput as error:
        for field, sentence in error.fields.items():
            complain(f"{field}: {sentence}")
        sys.exit(ExitCode.NOT_POSSIBLE)
    except LibLineError as error:
        complain(error.safe if error.detail == error.safe else f"{error.safe} ({error.detail})")
        sys.exit(exit_code_of(error))
    except Exception:  # the last word: a person gets a sentence, the log the rest
        log.exception("command failed")
        complain("Something went wrong. The lines above say where; nothing else was done.")
        sys.exit(ExitCode.FAILED)
