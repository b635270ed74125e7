# The rep reads it as a STOP.
day 1 10:00 enrol Amara in gentle
day 1 10:15 Amara writes "please just stop with this ok"
day 1 10:20 it was a stop
day 1 10:21 it was not a stop
day 8 10:00 enrol Amara in gentle
