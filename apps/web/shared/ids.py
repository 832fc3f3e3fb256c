def parse_id(text: str) -> int:
    """The number, or 0, which is nobody's id."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else 0
