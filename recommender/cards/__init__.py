"""Address books: vCard, LDIF and CSV, read into cards and written from them. Pure parsing."""
