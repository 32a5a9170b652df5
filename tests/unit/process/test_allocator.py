"""The allocator's settings, by what the kernel counts of them."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
from imagewire_server.process import allocator
if sys.argv[1] == "kept":
    allocator.keep_blocks()
for _ in range(20):
    held = [bytes(300 * 1024) for _ in range(8)]
    del held
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(200):
    held = [bytes(300 * 1024) for _ in range(8)]
    del held
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    ended = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return int(ended.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives such blocks back at once")
def test_blocks_of_pictures_are_kept_from_one_frame_to_the_next() -> None:
    assert faults("default") > 10_000
    assert faults("kept") < 1_000
