"""Says what the seconds of a recorded run were spent on, and what to do about it: pure."""
