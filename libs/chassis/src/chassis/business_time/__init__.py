"""The business calendar of Namibia: public holidays by law, and days that were declared closed or open."""
