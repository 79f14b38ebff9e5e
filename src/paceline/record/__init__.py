"""Turns pytest's hook calls into the lines of a run file; runs inside the test process."""
