"""Documents that compliance produces: the columns of its tables."""
