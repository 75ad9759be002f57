"""The equations of the paper: schedules, the sentence level, the token level."""
