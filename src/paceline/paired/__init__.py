"""Two revisions of a project, run side by side on one machine."""
