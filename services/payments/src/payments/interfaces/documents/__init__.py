"""Documents that payments produces: the columns of its tables, and the templates of its PDFs."""
