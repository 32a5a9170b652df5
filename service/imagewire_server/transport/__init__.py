"""Transport: bytes to and from the upstream. The one seam that tests replace."""
