"""Public sets of pages with gold text, read in the form in which their projects publish them."""
