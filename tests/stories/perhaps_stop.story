# "Stop by at 5" is no STOP, but only the rep can tell. Nothing goes out until then, and the question comes back.
day 1 10:00 enrol Amara in gentle
day 1 10:15 Amara writes "Can you stop by at 5?"
day 1 10:16 Amara writes "or stop at the shop"
day 1 10:20 maya dials
day 1 10:21 maya types "Which shop?"
day 2 10:15 wake
day 2 10:30 it was not a stop
day 2 10:31 wake
day 2 10:35 talked again day 3 12:00
