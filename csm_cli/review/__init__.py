"""`csm review`: a page to listen through a rendered script, to judge its lines, and to mend them."""
