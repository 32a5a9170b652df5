"""The store of answers: their events and pictures are kept as they arrive, so that nothing paid for is lost."""
