"""Run files of the past: where they are kept, and how they get there."""
