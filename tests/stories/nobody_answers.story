# Nobody answers: the rep calls anyway, leaves a line, and tries again at other times of the day.
day 1 10:00 enrol Amara in gentle
day 1 10:46 wake
day 1 11:00 wake
day 1 11:10 maya dials
day 1 11:12 no answer
day 1 15:12 wake
day 1 15:20 no answer
day 3 10:00 wake
day 3 10:05 a machine
day 5 17:00 wake
day 5 17:10 busy line
# The text is over a week old by now: there is a new one before the next call.
day 9 13:00 wake
day 9 13:46 wake
