"""Shows figures to people: a format-free document, and one file per format that renders it."""
