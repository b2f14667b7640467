"""MSSanté as a client sees it: the mail, its submission, its reading."""
