# Nobody answers: the rep calls anyway, leaves a line, and tries again at other times of the day.
day 1 10:00 enrol Amara in gentle
day 1 10:46 wake
day 1 11:10 maya dials
day 1 11:12 no answer
day 1 15:12 wake
day 1 15:20 no answer
day 3 10:00 wake
day 3 10:05 a machine
day 5 17:00 wake
day 5 17:10 busy line
# A Sunday between: the rep's phone stays quiet until Monday. The text is a week old by then, so there is a new one first.
day 8 13:00 wake
day 8 13:45 wake
