"""Documents of word processors, FictionBook and single HTML pages: trees of HTML that become books."""
