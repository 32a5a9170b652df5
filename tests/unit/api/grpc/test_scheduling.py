"""Which threads give way to which, by what the kernel says of them."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, json, os, threading
import grpc
from imagewire_server.api.grpc.scheduling import giving_way

async def main():
    with giving_way():
        server = grpc.aio.server()
    server.add_insecure_port("127.0.0.1:0")
    await server.start()
    own = threading.get_native_id()
    tasks = {int(task): os.sched_getscheduler(int(task)) for task in os.listdir("/proc/self/task")}
    print(json.dumps({"own": tasks.pop(own), "others": list(tasks.values())}))
    await server.stop(0)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such a policy")
def test_grpcs_threads_give_way_and_the_loops_own_does_not() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    seen = json.loads(ended.stdout)
    normal, batch = 0, 3  # <sched.h>
    assert seen["own"] == normal
    assert len(seen["others"]) > 1
    assert set(seen["others"]) == {batch}
