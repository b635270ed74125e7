# A number that does not work, and there is no other way to reach her.
day 1 10:00 enrol Amara in gentle
day 1 10:46 wake
day 1 10:50 maya dials
day 1 10:51 bad number
day 1 10:52 maya dials
