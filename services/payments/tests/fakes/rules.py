"""Rules and prices that need no refreshing."""


class NoRules:
    """Rules that are always fresh, because they are fake."""

    async def refresh(self) -> None:
        pass
