"""`make rehearse`: a release through three accounts on this machine."""
