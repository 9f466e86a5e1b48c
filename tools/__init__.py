"""What builds the manual pages, the site and the package."""
