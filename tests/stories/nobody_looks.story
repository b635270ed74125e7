# Nobody looks at the prompt: it goes to the rep twice, to the stand-in, to the lead; the next day it begins again.
day 1 10:00 enrol Amara in gentle
day 1 10:45 wake
day 1 11:00 wake
day 1 11:15 wake
day 1 11:30 wake
day 1 18:00 wake
day 2 10:00 wake
day 2 10:01 maya opens it
day 2 10:59 wake
day 2 11:01 wake
day 2 11:02 maya snoozes until day 2 15:00
day 2 15:00 wake
