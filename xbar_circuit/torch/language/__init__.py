"""Language: a character-level transformer, the text it is trained on, and how it is trained."""
