"""The picture of a rush: well-formed, inside its frame, and true to the numbers."""

from xml.etree import ElementTree as ET

import pytest

from server.cli.simulate.picture import HEIGHT, WIDTH, duration, scale_step, scale_top, svg
from server.cli.simulate.tally import Buckets

SVG = "{http://www.w3.org/2000/svg}"
CUT = Buckets(0.05, (300, 200, 10), (0, 80, 20), (0, 50, 360), (100, 20, 0))


def drawn(**changes: object) -> ET.Element:
    asked = {"title": "5,000 人抢 100 张", "stock": 100, **changes}
    return ET.fromstring(svg(CUT, **asked))  # type: ignore[arg-type]  # noqa: S314 - ours


def bars(root: ET.Element, name: str) -> list[ET.Element]:
    marks = [one for one in root.iter(f"{SVG}rect") if one.get("class") == name]
    return marks[1:]  # the first is the legend's


def test_it_is_well_formed_and_names_itself() -> None:
    root = drawn(title="<b>&\"'")
    assert root.get("viewBox") == f"0 0 {WIDTH} {HEIGHT}"
    assert root.findtext(f"{SVG}title") == "<b>&\"'"


def test_a_bar_stands_for_each_count_that_is_not_zero() -> None:
    root = drawn()
    assert [len(bars(root, name)) for name in ("arrivals", "wins", "refusals")] == [3, 2, 2]


def test_heights_are_in_proportion() -> None:
    wins = [float(one.get("height", "0")) for one in bars(drawn(), "wins")]
    refusals = [float(one.get("height", "0")) for one in bars(drawn(), "refusals")]
    assert wins[0] / wins[1] == pytest.approx(4, rel=0.01)
    assert refusals[1] / refusals[0] == pytest.approx(7.2, rel=0.01)


def test_refusals_stand_on_wins() -> None:
    root = drawn()
    win, refusal = bars(root, "wins")[0], bars(root, "refusals")[0]
    foot = float(refusal.get("y", "0")) + float(refusal.get("height", "0"))
    assert foot == pytest.approx(float(win.get("y", "0")), abs=0.2)


@pytest.mark.parametrize("at", [-1.0, 0.0, 0.14, 99.0])
def test_everything_stays_inside_the_frame(at: float) -> None:
    root = drawn(mark=(at, "kill -9 postgres"))
    for one in root.iter():
        for name, limit in (("x", WIDTH), ("x1", WIDTH), ("x2", WIDTH), ("y", HEIGHT)):
            assert 0 <= float(one.get(name, "0")) <= limit
        for name in ("width", "height"):
            assert not (one.get(name) or "0").startswith("-")


def test_the_mark_is_told_in_words() -> None:
    texts = [one.text for one in drawn(mark=(0.05, "kill -9 server")).iter(f"{SVG}text")]
    assert "kill -9 server" in texts


@pytest.mark.parametrize(
    ("top", "ticks", "expected"), [(1, 4, 1), (4, 4, 1), (5, 4, 2), (100, 4, 50), (101, 4, 50)]
)
def test_steps_are_round(top: int, ticks: int, expected: int) -> None:
    assert scale_step(top, ticks) == expected


@pytest.mark.parametrize("value", [0, 1, 3, 7, 99, 101, 12_345, 1_000_000])
def test_the_scale_covers_its_values(value: int) -> None:
    assert max(1, value) <= scale_top(value) <= max(2, value * 2)


def test_durations_are_told_as_people_say_them() -> None:
    assert [duration(0.05), duration(1.0), duration(1.26)] == ["50 毫秒", "1 秒", "1.3 秒"]
