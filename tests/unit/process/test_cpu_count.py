"""How many workers there are where nobody said: by cores, and by what a container's quota pays for."""

import signal
from pathlib import Path

import pytest
from click.testing import CliRunner

from imagewire_server import cli, logs, watch
from imagewire_server.process import cpu_count
from imagewire_server.process.cpu_count import usable

V2 = "0::/\n"
V1 = "12:pids:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n"


@pytest.mark.parametrize(
    ("groups", "files", "bound", "cores"),
    [
        (None, {}, 8, 8),  # no control groups
        (V2, {}, 8, 8),
        (V2, {"cpu.max": "max 100000\n"}, 8, 8),
        (V2, {"cpu.max": "200000 100000\n"}, 8, 2),
        (V2, {"cpu.max": "250000 100000\n"}, 8, 3),  # rounded up
        (V2, {"cpu.max": "10000 100000\n"}, 8, 1),
        (V2, {"cpu.max": "1600000 100000\n"}, 8, 8),  # the quota may be more than the cores
        (V2, {"cpu.max": "100000\n"}, 8, 8),  # not as Linux writes it
        ("0::/pods/one\n", {"pods/one/cpu.max": "max 100000", "pods/cpu.max": "300000 100000"}, 8, 3),  # from above
        ("0::/pods/one\n", {"pods/one/cpu.max": "100000 50000", "pods/cpu.max": "300000 100000"}, 8, 2),
        ("0::/host/path\n", {"cpu.max": "400000 100000"}, 8, 4),  # a container that sees its group as the top
        (V1, {"cpu,cpuacct/cpu.cfs_quota_us": "-1\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n"}, 8, 8),
        (V1, {"cpu,cpuacct/cpu.cfs_quota_us": "150000\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n"}, 8, 2),
        (V1, {"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8, 3),
        (V1, {"cpu/docker/abc/cpu.cfs_quota_us": "100000\n", "cpu/docker/abc/cpu.cfs_period_us": "100000\n"}, 8, 1),
        (V1, {"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "0\n"}, 8, 8),
    ],
)
def test_m8_cores_by_quota(tmp_path: Path, groups: str | None, files: dict[str, str], bound: int, cores: int) -> None:
    told = tmp_path / "cgroup"
    if groups is not None:
        told.write_text(groups)
    mounted = tmp_path / "fs"
    for name, text in files.items():
        (mounted / name).parent.mkdir(parents=True, exist_ok=True)
        (mounted / name).write_text(text)
    assert usable(told, mounted, bound) == cores


def test_m8_on_this_machine_there_is_at_least_one() -> None:
    assert usable() >= 1


def test_m8_workers_0_is_one_for_each_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []

    async def watching(_given: object, number: int, *_others: object) -> int:
        started.append(number)
        return 0

    monkeypatch.setattr(cpu_count, "usable", lambda: 3)
    monkeypatch.setattr(watch, "watch", watching)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # the test run's own stays
    monkeypatch.setattr(logs, "configure", lambda _level: None)
    monkeypatch.setattr(logs, "redirect_libraries", lambda: None)
    environ = {"GEMINI_API_KEY": "a-key", "IMAGEWIRE_WORKERS": "0"}
    assert CliRunner().invoke(cli.app, ["serve", "--no-rest"], env=environ).exit_code == 0
    assert started == [3]
