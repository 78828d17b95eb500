"""Workers that fail, end, and do not end."""

import asyncio

from libline_fed.jobs.supervisor import Supervisor, every


async def test_a_failed_worker_is_started_again_while_others_go_on() -> None:
    supervisor, stop = Supervisor(pause_s=0.01), asyncio.Event()
    starts: list[int] = []
    steady_is_running = asyncio.Event()

    async def fails_twice(stop: asyncio.Event) -> None:
        starts.append(1)
        if len(starts) < 3:
            raise ValueError("a mistake")
        await stop.wait()

    async def steady(stop: asyncio.Event) -> None:
        steady_is_running.set()
        await stop.wait()

    running = asyncio.create_task(supervisor.run({"fails": fails_twice, "steady": steady}, stop))
    async with asyncio.timeout(5):
        while len(starts) < 3:
            await asyncio.sleep(0.005)
    assert steady_is_running.is_set()
    assert supervisor.down == []
    stop.set()
    await running
    assert len(starts) == 3


async def test_a_worker_that_is_down_is_named() -> None:
    supervisor, stop = Supervisor(pause_s=60), asyncio.Event()

    async def broken(_: asyncio.Event) -> None:
        raise ValueError("a mistake")

    running = asyncio.create_task(supervisor.run({"broken": broken}, stop))
    async with asyncio.timeout(5):
        while not supervisor.down:
            await asyncio.sleep(0.005)
    assert supervisor.down == ["broken"]
    stop.set()  # ends the pause too
    async with asyncio.timeout(5):
        await running


async def test_a_worker_that_does_not_end_is_cancelled() -> None:
    supervisor, stop = Supervisor(stop_s=0.05), asyncio.Event()
    cancelled: list[str] = []

    async def deaf(_: asyncio.Event) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append("deaf")
            raise

    running = asyncio.create_task(supervisor.run({"deaf": deaf}, stop))
    await asyncio.sleep(0.02)
    stop.set()
    async with asyncio.timeout(5):
        await running
    assert cancelled == ["deaf"]


async def test_a_step_is_repeated_until_the_stop() -> None:
    stop, steps = asyncio.Event(), []

    async def step() -> None:
        steps.append(1)
        if len(steps) == 3:
            stop.set()

    async with asyncio.timeout(5):
        await every(0.001, step)(stop)
    assert len(steps) == 3
