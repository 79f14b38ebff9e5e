"""One file per database product: creating, dropping, asking. A new product is a new file here."""
