"""Statistics: pure functions on numbers, standard library only."""
