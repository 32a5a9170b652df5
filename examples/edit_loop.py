"""Draw a picture and change it twice: each turn sees all turns before it.

A 3-series model signs what it draws, and takes it back only with its signatures. `chat.append(answer)` keeps them.
"""

import sys

import imagewire

TURNS = ("Draw a lighthouse at dusk", "Let it snow", "Put a red boat in front of it")

with imagewire.Client() as client:
    chat = client.chat.create("gemini/gemini-3-pro-image")
    for number, words in enumerate(TURNS, 1):
        answer = chat.append(words).sample()
        if answer.image is None:
            sys.exit(answer.why_no_image)
        cost = "unknown" if answer.cost is None else f"{answer.cost:.4f} USD"
        print(f"{words}: {answer.image.save(f'turn-{number}')}, cost {cost}")
        chat.append(answer)
