"""The only place where records become text and text becomes records."""
