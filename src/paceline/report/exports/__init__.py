"""A run in the formats of other programs: one file each, none of which opens a file."""
