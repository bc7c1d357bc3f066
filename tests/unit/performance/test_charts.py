"""Charts: lengths in proportion, every value printed, nothing that a name could break."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence

import pytest

from server.performance.charts import (
    COLUMNS_MAX,
    LABEL_LINES_MAX,
    WIDTH,
    Mark,
    bars,
    columns,
    wrapped,
)

SVG = "{http://www.w3.org/2000/svg}"


def marks(*values: float | None) -> Sequence[Mark]:
    return [Mark(f"第{n}项", value, f"值{value}") for n, value in enumerate(values)]


def drawn(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - what we drew ourselves


def rects(text: str) -> list[ET.Element]:
    return drawn(text).findall(f"{SVG}rect")


def texts(text: str) -> list[str]:
    return [node.text or "" for node in drawn(text).findall(f"{SVG}text")]


def test_bars_are_as_long_as_their_values() -> None:
    lengths = [
        float(rect.get("width", 0)) for rect in rects(bars("k", "核销金额", marks(50, 100, 25)))
    ]
    assert lengths == [WIDTH / 2, WIDTH, WIDTH / 4]


def test_columns_are_as_high_as_their_values_and_stand_on_one_line() -> None:
    found = rects(columns("k", "逐月", marks(30, 60, 15)))
    heights = [float(rect.get("height", 0)) for rect in found]
    assert heights[0] * 2 == heights[1] == heights[2] * 4
    assert len({float(r.get("y", 0)) + float(r.get("height", 0)) for r in found}) == 1
    assert all(float(rect.get("y", -1)) >= 0 for rect in found)


def test_shares_are_measured_against_the_whole() -> None:
    text = bars("k", "核销率", marks(0.5, 0.25), full=1)
    assert [float(rect.get("width", 0)) for rect in rects(text)] == [WIDTH / 2, WIDTH / 4]
    over = bars("k", "核销率", marks(2, 1), full=1)
    assert [float(rect.get("width", 0)) for rect in rects(over)] == [WIDTH, WIDTH / 2]


def test_a_value_that_is_tiny_beside_another_still_shows() -> None:
    small = rects(bars("k", "金额", marks(1, 10**9)))[0]
    assert float(small.get("width", 0)) > 0


@pytest.mark.parametrize("draw", [bars, columns])
@pytest.mark.parametrize("values", [(), (0,), (None,), (0, None, 0), (7,)])
def test_nothing_zero_unknown_and_single_values_draw(
    draw: object, values: tuple[float | None, ...]
) -> None:
    assert callable(draw)
    text = draw("k", "标题", marks(*values))
    assert len(rects(text)) == sum(1 for value in values if value)
    assert [f"值{value}" for value in values] == [t for t in texts(text) if t.startswith("值")]


def test_a_chart_says_its_title_and_all_values_to_those_who_hear_it() -> None:
    root = drawn(bars("by-category", "各行业核销金额", [Mark("餐饮", 5, "¥5.00")]))
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "by-category-t by-category-d"
    assert root.findtext(f"{SVG}title") == "各行业核销金额"
    assert root.findtext(f"{SVG}desc") == "餐饮 ¥5.00"
    assert drawn(bars("k", "空", [])).findtext(f"{SVG}desc") == "无数据"


@pytest.mark.parametrize("draw", [bars, columns])
def test_names_are_text_and_never_markup(draw: object) -> None:
    assert callable(draw)
    name = "<script>alert('1')</script>&\""
    text = draw("k", name, [Mark(name[:12], 1, name)])
    assert "<script" not in text
    assert "<script>aler" in "".join(texts(text))
    assert drawn(text).findtext(f"{SVG}title") == name


def test_no_chart_fetches_or_runs_anything() -> None:
    text = bars("k", "标题", marks(1, 2)) + columns("l", "标题", marks(1, 2))
    assert not any(word in text for word in ("href", "url(", "<script", "<image", "style="))


def test_a_long_name_goes_on_below_and_every_line_is_narrow_enough() -> None:
    name = "晋城市城区文化旅游餐饮住宿联合发放消费券第十二轮暨国庆节中秋节双节专场"
    lines = list(wrapped(name, 18, 3))
    assert "".join(lines) == name
    assert [len(line) <= 18 for line in lines] == [True, True]
    tall, flat = (bars("k", "轮次", [Mark(label, 1, "1")]) for label in (name, "短名"))
    assert float(str(drawn(tall).get("viewBox")).split()[3]) > float(
        str(drawn(flat).get("viewBox")).split()[3]
    )


def test_what_is_longer_than_all_lines_ends_with_an_ellipsis() -> None:
    lines = list(wrapped("长" * 100, 18, LABEL_LINES_MAX))
    assert len(lines) == LABEL_LINES_MAX
    assert lines[-1] == "长" * 17 + "…"
    assert list(wrapped("", 18, LABEL_LINES_MAX)) == [""]


def test_latin_letters_are_narrower_than_chinese_ones() -> None:
    assert list(wrapped("a" * 30, 18, 1)) == ["a" * 30]


def test_more_columns_than_can_be_labelled_are_a_mistake() -> None:
    columns("k", "逐月", marks(*range(COLUMNS_MAX)))
    with pytest.raises(AssertionError):
        columns("k", "逐月", marks(*range(COLUMNS_MAX + 1)))


def test_no_bar_is_shorter_than_nothing() -> None:
    with pytest.raises(AssertionError):
        Mark("名", -1, "-1")
