"""Draw one picture and save it.

python save_a_picture.py "A lighthouse at dusk"
"""

import sys

import imagewire

prompt = " ".join(sys.argv[1:]) or "A banana in a costume"

with imagewire.Client() as client:
    try:
        picture = client.draw(prompt)
    except imagewire.ImagewireError as error:
        sys.exit(str(error))  # says what to do

path = picture.save("picture")  # gets the suffix of what it is
print(f"{path}: {picture.width} x {picture.height} pixels, {picture.size_bytes} bytes")
