# A plain STOP: one confirmation, the rep is told, and that is all, whatever comes later.
given the network is slow
day 1 10:00 enrol Amara in gentle
day 1 10:01 the text leaves
day 1 10:02 Amara writes "STOP"
day 1 10:03 Amara writes "Stop!"
day 2 10:00 Amara writes "Who is this?"
day 3 10:00 enrol Amara in gentle
day 9 10:00 wake
