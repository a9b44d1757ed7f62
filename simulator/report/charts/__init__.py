"""Charts: one specification gives the picture on the page, the SVG, the PNG and the table beside it."""
