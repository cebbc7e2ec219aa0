"""Rules and prices that need no refreshing."""


class NoRules:
    """Rules that are always fresh, being fakes."""

    async def refresh(self) -> None:
        pass
