"""`berth local rehearse`: a release through three accounts on this machine."""
