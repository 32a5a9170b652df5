"""A server whose clock jumps by up to five minutes: python -m tests.robustness.jumping_clock serve …"""

import random
import time

from imagewire_server import cli


def main() -> None:
    """The command."""
    now = time.time
    time.time = lambda: now() + random.choice((-300.0, 0.0, 300.0))
    cli.main()


if __name__ == "__main__":
    main()
