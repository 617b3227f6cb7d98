"""A release from account to account: recorded, judged, moved, rolled back."""
