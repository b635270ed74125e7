# Enrolled one minute before nine in the evening; the text is too late for the day and waits for the morning. So does the phone.
given the network is slow
day 1 20:59 enrol Amara in gentle
    -> send wellbeing (whatsapp)
day 1 21:00 the text leaves
    -> cancel wellbeing    -> wake day 2 10:00
day 2 09:00 the network delivers
day 2 10:00 wake
    -> send wellbeing (whatsapp)
day 2 10:45 wake
    -> prompt silent    -> ring maya
# A reply at night is a call in the morning.
day 2 10:50 no answer and no text
    -> wake day 2 14:50
day 2 14:50 wake
    -> prompt retry    -> ring maya
day 2 15:00 maya snoozes until day 3 12:00
day 2 23:00 Amara writes "Sorry, long day. Tomorrow?"
    -> prompt replied
day 3 09:59 wake
day 3 10:00 wake
    -> ring maya
