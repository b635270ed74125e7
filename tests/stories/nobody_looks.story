# Nobody looks at the prompt: it goes to the rep twice, to the stand-in, to the lead; the next day it begins again.
day 1 10:00 enrol Amara in gentle
    -> send wellbeing (whatsapp)
day 1 10:45 wake
    -> prompt silent    -> ring maya
day 1 11:00 wake
    -> ring maya
day 1 11:15 wake
    -> ring ravi
day 1 11:30 wake
    -> ring lena
day 1 18:00 wake
day 2 10:00 wake
    -> ring maya
day 2 10:01 maya opens it
day 2 10:59 wake
day 2 11:01 wake
    -> ring maya
day 2 11:02 maya snoozes until day 2 15:00
day 2 15:00 wake
    -> ring maya
