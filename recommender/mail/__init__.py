"""Mail to the user. Nothing is mailed yet; `sawthis digest --preview` shows what will be."""
