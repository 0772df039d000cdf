"""The watch over publishers: whether a run's figures are what is usual, and who is told when they are not."""
