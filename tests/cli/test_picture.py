"""The picture of a consortium."""

from libline_fed.cli.demo.picture import Box, boxes, under

LEFT = Box("Biblioteca", "a.example", ("lists: daniel",))
RIGHT = Box("Bibliothèque", "b.example", ())
HOST = Box("Red", "c.example", ("hosts it",))


def test_a_line_leads_to_each_server_that_is_in_the_consortium() -> None:
    drawn = under(HOST, LEFT, RIGHT, are_in=(True, False), is_dead=False)
    branch, feet = drawn[5], drawn[6]
    assert branch.strip() == f"{'-' * 22}+"
    assert feet.strip() == "|"
    assert len({len(line) for line in drawn[7:]}) == 1, "boxes of the same height and width"
    assert any("a.example" in line and "b.example" in line for line in drawn)


def test_what_is_dead_and_what_is_linked_can_be_seen() -> None:
    dead = under(HOST, LEFT, RIGHT, are_in=(True, True), is_dead=True)
    assert f"{'x' * 22}+{'x' * 22}" in dead[5]
    assert dead[6].count("|") == 2
    assert any("<=link=>" in line for line in boxes(LEFT, RIGHT, between="<=link=>"))


def test_a_long_line_is_cut_at_the_edge() -> None:
    box = Box("x" * 100, "a.example", ())
    assert {len(line) for line in boxes(box, box, between="")} == {78}
