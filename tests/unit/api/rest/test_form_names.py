"""Names with brackets in a form."""

import pytest

from imagewire_server.api.rest.form_names import nested, root


def test_what_is_nested_is_read() -> None:
    made, wrong = nested(
        [
            ("image_config[aspect_ratio]", "16:9"),
            ("safety_settings[][category]", "A"),
            ("safety_settings[][threshold]", "OFF"),
            ("safety_settings[][category]", "B"),
            ("safety_settings[][threshold]", "OFF"),
            ("labels[1][a]", "y"),
            ("labels[0][a]", "x"),
            ("metadata[team]", "a"),
        ]
    )
    assert wrong == []
    assert made == {
        "image_config": {"aspect_ratio": "16:9"},
        "safety_settings": [{"category": "A", "threshold": "OFF"}, {"category": "B", "threshold": "OFF"}],
        "labels": [{"a": "x"}, {"a": "y"}],
        "metadata": {"team": "a"},
    }


def test_an_item_without_a_number_comes_after_all_others() -> None:
    made, wrong = nested([("a[5][b]", "x"), ("a[][c]", "y"), ("a[][b]", "z"), ("d[5]", "x"), ("d[]", "y")])
    assert wrong == []
    assert made == {"a": [{"b": "x", "c": "y"}, {"b": "z"}], "d": ["x", "y"]}


@pytest.mark.parametrize(
    "names",
    [
        ["a[b]", "a[b]"],
        ["a[b]", "a[b][c]"],
        ["a[0]", "a[x]"],
        ["a[x]", "a[]"],
        ["a[0]", "a[64]"],
        ["a[0]", "a[99999999999]"],
        ["x[y]", "a" + "[b]" * 8],
    ],
    ids=str,
)
def test_what_contradicts_or_is_too_deep_is_named(names: list[str]) -> None:
    _, wrong = nested((name, "v") for name in names)
    assert [one.field for one in wrong] == names[1:]


def test_other_names_have_no_root() -> None:
    assert [root(name) for name in ("a[b]", "a", "[b]", "a[b", "a[b]c")] == ["a", "", "", "", ""]
