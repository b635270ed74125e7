# They were missed, and then they call: everything starts over with them on the line.
day 1 10:00 enrol Amara in gentle
day 1 10:46 wake
day 1 10:55 no answer
day 1 13:00 Amara calls
day 1 13:01 wake
day 1 13:02 ravi dials
day 1 13:03 maya dials
day 1 13:10 ravi logs agreed again day 2 12:00 about "her mother's visit"
day 2 12:00 wake
day 2 12:01 Amara calls
day 2 12:02 maya logs no answer
