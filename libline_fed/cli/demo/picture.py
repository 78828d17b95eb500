"""The picture that `scripts/consortium` prints: who is linked with whom, and what each server lists."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH_CHARACTERS = 34
GAP_CHARACTERS = 10


@dataclass(frozen=True, slots=True)
class Box:
    """A server in the picture."""

    name: str
    host: str
    lines: tuple[str, ...]


def boxes(left: Box, right: Box, *, between: str) -> list[str]:
    """Draw two servers beside each other and what is between them."""
    drawn = [_box(one) for one in (left, right)]
    height = max(map(len, drawn))
    for lines in drawn:
        lines[-1:-1] = [_line("")] * (height - len(lines))
    rows = []
    for number, (one, other) in enumerate(zip(*drawn, strict=True)):
        middle = between.center(GAP_CHARACTERS) if number == height // 2 else " " * GAP_CHARACTERS
        rows.append(f"{one}{middle}{other}")
    return rows


def under(host: Box, left: Box, right: Box, *, are_in: tuple[bool, bool], is_dead: bool) -> list[str]:
    """Draw a consortium's server above its two members, with a line to each that is in it."""
    span = 2 * WIDTH_CHARACTERS + GAP_CHARACTERS
    indent = " " * ((span - WIDTH_CHARACTERS) // 2)
    half = (WIDTH_CHARACTERS + GAP_CHARACTERS) // 2
    line = "x" if is_dead else "-"
    sides = [line * half if is_in else " " * half for is_in in are_in]
    feet = ["|" if is_in else " " for is_in in are_in]
    edge = " " * (WIDTH_CHARACTERS // 2)
    rows = [indent + text for text in _box(host)]
    rows.append(f"{edge}{sides[0]}+{sides[1]}".rstrip())
    rows.append(f"{edge}{feet[0]}{' ' * (2 * half - 1)}{feet[1]}".rstrip())
    return rows + boxes(left, right, between="")


def _box(box: Box) -> list[str]:
    edge = f"+{'-' * (WIDTH_CHARACTERS - 2)}+"
    return [edge, *(_line(text) for text in (box.name, box.host, *box.lines)), edge]


def _line(text: str) -> str:
    return f"| {text[: WIDTH_CHARACTERS - 4].ljust(WIDTH_CHARACTERS - 4)} |"


def table(rows: Sequence[tuple[str, str, str]]) -> list[str]:
    """Lay out what happened: how it went, how long it took, what it was."""
    return [f"  {state:<6} {took:>8}  {what}" for state, took, what in rows]
