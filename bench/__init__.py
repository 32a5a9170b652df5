"""Speed and memory of imagewire and its peers, measured in one run. `python -m bench --help` says how."""
