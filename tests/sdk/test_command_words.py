"""Which lines of a chat are drawn only after a question."""

import pytest

from imagewire.cli.command_words import looks_like_a_command


@pytest.mark.parametrize(
    "line", ["?", "??", "q", "h", "1", "-", "#", "-h", "--help", "yes", "N", "ok", "Status", "/exit"]
)
def test_a_word_for_the_command_is_doubted(line: str) -> None:
    assert looks_like_a_command(line)


@pytest.mark.parametrize("line", ["cat", "man", "x", "a cat", "猫", "🍌", "ä", "exit sign", "help me", "42"])
def test_a_picture_is_drawn(line: str) -> None:
    assert not looks_like_a_command(line)
