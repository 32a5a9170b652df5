"""Wire transcripts: a relay that records a real upstream, and answers from what was recorded."""

from imagewire_emulator.transcripts.record import GOOGLE, Recorder, RecordError
from imagewire_emulator.transcripts.replay import Replayer, ReplayError

__all__ = ["GOOGLE", "RecordError", "Recorder", "ReplayError", "Replayer"]
