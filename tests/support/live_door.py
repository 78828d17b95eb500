"""A member of a LibLine that runs in processes of its own, and what she decides there.

The member's steps are taken by the use cases on the database of the running instance, which delivers them.
"""

from typing import Any

from libline_fed.app import Instance
from libline_fed.config import Settings
from libline_fed.domain.mentorships import Mentorship
from libline_fed.services import door_answers, mentorship_views
from libline_fed.storage import actors
from libline_fed.storage.store import Tx
from tests.support.databases import run_apart
from tests.support.processes import LiveInstance, wait_for


class LiveMember:
    """Ana, as her instance knows her."""

    def __init__(self, libline: LiveInstance, uri: str) -> None:
        self.libline = libline
        self.uri = uri

    def states(self) -> list[str]:
        """Return where her mentorships stand, oldest first."""
        return [str(row[0]) for row in self.libline.rows("SELECT state FROM mentorships ORDER BY id")]

    def wait_for(self, state: str) -> None:
        """Wait until her latest mentorship is in a state."""
        wait_for(lambda: self.states()[-1:] == [state], f"{state}, not {self.states()}")

    def do(self, use_case: Any, **values: Any) -> None:
        """Take a step with her latest mentorship."""

        async def unit(tx: Tx, instance: Instance) -> None:
            ana = await actors.by_uri(tx, self.uri)
            assert ana is not None
            found: list[Mentorship] = [view.mentorship for view in await mentorship_views.list_for(tx, ana)]
            now = instance.clock.now()
            await use_case(tx, instance.site, person=ana, mentorship_id=found[0].id, now=now, **values)

        self._write(unit)

    def let_favourites_count(self) -> None:
        """Let ten minutes pass for every favourite, and the housekeeping run."""
        self.libline.change(
            "UPDATE door_questions SET answered_at = '2026-01-01 00:00:00.000000' WHERE answered_how = 'like'"
        )

        async def unit(tx: Tx, instance: Instance) -> None:
            await door_answers.tick(tx, instance.site, now=instance.clock.now())

        self._write(unit)

    def _write(self, unit: Any) -> None:
        async def work() -> None:
            instance = await Instance(Settings(**self._settings())).open()
            try:
                await instance.store.write(lambda tx: unit(tx, instance))
            finally:
                await instance.close()

        run_apart(work)

    def _settings(self) -> dict[str, Any]:
        return dict(self.libline.settings)
