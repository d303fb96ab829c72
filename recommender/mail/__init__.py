"""Mail: letters that were exchanged, read for who wrote to whom and when.

Nothing is mailed yet; `sawthis digest --preview` shows what will be.
"""
